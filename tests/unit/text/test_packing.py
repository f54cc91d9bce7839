"""Packing: every token of every training document once and in order."""

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rankscope.errors import DataError
from rankscope.text.packing import pack
from rankscope.text.tokenizer import TextEncoder

END = 9_999
BYTES = TextEncoder(
    encode=lambda texts: [list(text.encode()) for text in texts],
    framed=lambda text: list(text.encode()),
    end_of_text=END,
    first=END,
)


def rows(texts: dict[str, str], heldout: tuple[str, ...] = ()) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": list(texts),
            "split": ["heldout" if name in heldout else "train" for name in texts],
            "text": list(texts.values()),
        },
        schema={"id": pl.String, "split": pl.String, "text": pl.String},
    )


texts = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=4), st.text(max_size=40), min_size=1, max_size=12
)


@given(texts, st.integers(2, 9), st.integers(0, 3))
def test_every_token_of_every_document_appears_once_and_in_order(documents, length, seed):
    total = sum(len(text.encode()) + 1 for text in documents.values())
    assume(total >= length)
    packed, tokens = pack(rows(documents), BYTES.documents, length, seed)
    assert tokens == total
    assert packed["sequence"].to_list() == list(range(total // length))
    assert set(packed["input_ids"].list.len()) == {length}
    stream = packed["input_ids"].explode().to_list()
    position, seen = 0, []
    order = list(dict.fromkeys(packed["document_ids"].explode()))
    for name in order:
        expected = [*documents[name].encode(), END]
        part = stream[position : position + len(expected)]
        assert part == expected[: len(part)]
        position += len(part)
        seen.append(name)
    assert position == len(stream)
    assert len(seen) == len(set(seen))


@given(texts, st.integers(2, 9))
def test_the_ids_of_a_sequence_are_those_of_the_documents_with_a_token_in_it(documents, length):
    assume(sum(len(text.encode()) + 1 for text in documents.values()) >= length)
    packed, _ = pack(rows(documents), BYTES.documents, length, 0)
    order = list(dict.fromkeys(packed["document_ids"].explode()))
    owner = [name for name in order for _ in range(len(documents[name].encode()) + 1)]
    for number, ids in enumerate(packed["document_ids"].to_list()):
        assert ids == list(dict.fromkeys(owner[number * length : (number + 1) * length]))


def test_held_out_documents_are_not_packed():
    packed, _ = pack(rows({"a": "x" * 20, "b": "y" * 20}, heldout=("b",)), BYTES.documents, 4, 0)
    assert set(packed["document_ids"].explode()) == {"a"}


def test_the_seed_decides_the_order_and_the_rows_do_not():
    documents = {f"d{n}": f"text {n}" for n in range(20)}
    backwards = dict(reversed(documents.items()))
    first, _ = pack(rows(documents), BYTES.documents, 8, 0)
    assert first.equals(pack(rows(backwards), BYTES.documents, 8, 0)[0])
    assert not first.equals(pack(rows(documents), BYTES.documents, 8, 1)[0])


def test_types_are_those_that_training_reads():
    packed, _ = pack(rows({"a": "some text that is long enough"}), BYTES.documents, 4, 0)
    assert packed.schema == {
        "sequence": pl.UInt32,
        "input_ids": pl.List(pl.Int32),
        "document_ids": pl.List(pl.String),
    }
    assert np.array(packed["input_ids"].to_list()).shape == (packed.height, 4)


def test_less_than_one_sequence_is_refused():
    with pytest.raises(DataError, match="has 4 tokens, less than one sequence of 8"):
        pack(rows({"a": "abc"}), BYTES.documents, 8, 0)
