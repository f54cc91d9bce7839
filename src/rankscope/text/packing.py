"""Documents as sequences of equal length."""

import numpy as np
import numpy.typing as npt
import polars as pl

from rankscope.errors import DataError
from rankscope.progress import Progress
from rankscope.text.documents import TRAIN, seeded_order
from rankscope.text.tokenizer import Encode

BATCH = 256


def pack(
    documents: pl.DataFrame, encode: Encode, length: int, seed: int
) -> tuple[pl.DataFrame, int]:
    """Return the sequences of the training split, and its tokens before the last were dropped.

    `encode` gives each document with all that is to stand before and behind it.

    Columns: sequence (u32, from 0), input_ids (list of `length` i32), document_ids (the ids of the
    documents with a token in it, in order).

    Raises:
        DataError: the training split is shorter than one sequence.
    """
    train = documents.filter(pl.col("split") == TRAIN)
    texts = dict(train.select("id", "text").iter_rows())
    ids = seeded_order(texts, seed)
    tokens, ends = _tokenise([texts[identity] for identity in ids], encode)
    count = len(tokens) // length
    if not count:
        raise DataError(
            f"the training split has {len(tokens)} tokens, less than one sequence of {length};"
            " give more documents or a shorter sequence_length"
        )
    starts = np.arange(count) * length
    first = np.searchsorted(ends, starts, side="right")
    last = np.searchsorted(ends, starts + length - 1, side="right")
    packed = pl.DataFrame(
        {
            "sequence": np.arange(count, dtype=np.uint32),
            "input_ids": tokens[: count * length].reshape(count, length),
            "document_ids": [ids[a : b + 1] for a, b in zip(first, last, strict=True)],
        }
    )
    return packed.with_columns(pl.col("input_ids").arr.to_list()), len(tokens)


def _tokenise(
    texts: list[str], encode: Encode
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return all tokens in one array, and for each text the position behind it."""
    progress = Progress("tokenise documents", len(texts))
    pieces: list[npt.NDArray[np.int32]] = []
    for start in range(0, len(texts), BATCH):
        encoded = encode(texts[start : start + BATCH])
        pieces += [np.array(tokens, dtype=np.int32) for tokens in encoded]
        progress.advance(len(encoded))
    ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
    return np.concatenate(pieces) if pieces else np.empty(0, np.int32), ends
