"""The stage's second step: the training documents as sequences of equal length.

Guarantees: read one after the other, the sequences are the documents in seeded order, each ended by
the end-of-text token, with nothing repeated, padded or left out but what follows the last complete
sequence. Documents share sequences and attention crosses their borders, as in the continued
pre-training of the papers.

    document a ─────────────┐ document b ──┐ document c ──────────────────┐
    a a a a │ a a a a │ a a ⏹ b │ b b b ⏹ │ c c c c │ c c c c │ c c ⏹  (dropped)
"""

import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from rankscope.artefacts.manifest import manifest
from rankscope.artefacts.reading import verified
from rankscope.data.documents import TRAIN, seeded_order
from rankscope.data.rows import Documents, read_rows
from rankscope.data.tokenizer import TextEncoder, load_encoder
from rankscope.errors import DataError
from rankscope.progress import Progress

logger = logging.getLogger(__name__)

BATCH = 256


def write_packed(spec: Documents, rows: Path, model: Path, length: int, output: Path) -> None:
    """Pack the training split of `rows` with the tokenizer of `model`; manifest beside it.

    Raises:
        DataError: the training split is shorter than one sequence.
        ArtefactError: the rows are not there.
        ModelError: the model folder has no usable tokenizer.
    """
    named = spec.canonical() | {"length": length, "base": str(model)}
    with manifest(output.with_suffix(".json"), "data", spec.name, named) as record:
        verified(model)
        encoder = load_encoder(model)
        record.work_begins()
        documents = read_rows(rows, spec.name)
        packed, tokens = pack(documents, encoder, length, spec.seed)
        record.parquet(output, packed)
        record.results = {"sequences": packed.height, "tokens": tokens, "length": length}
        logger.info("%s: %d sequences of %d tokens", spec.name, packed.height, length)


def pack(
    documents: pl.DataFrame, encoder: TextEncoder, length: int, seed: int
) -> tuple[pl.DataFrame, int]:
    """Return the sequences of the training split, and its tokens before the last were dropped.

    Columns: sequence (u32, from 0), input_ids (list of `length` i32), document_ids (the ids of the
    documents with a token in it, in order).

    Raises:
        DataError: the training split is shorter than one sequence.
    """
    train = documents.filter(pl.col("split") == TRAIN)
    texts = dict(train.select("id", "text").iter_rows())
    ids = seeded_order(texts, seed)
    tokens, ends = _tokenise([texts[identity] for identity in ids], encoder)
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
    texts: list[str], encoder: TextEncoder
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return all tokens in one array, and for each text the position behind its end-of-text."""
    progress = Progress("tokenise documents", len(texts))
    pieces: list[npt.NDArray[np.int32]] = []
    for start in range(0, len(texts), BATCH):
        encoded = encoder.encode(texts[start : start + BATCH])
        pieces += [np.array([*tokens, encoder.end_of_text], dtype=np.int32) for tokens in encoded]
        progress.advance(len(encoded))
    ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
    return np.concatenate(pieces) if pieces else np.empty(0, np.int32), ends
