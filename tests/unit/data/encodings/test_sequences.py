"""Documents as sequences, with the tokenizer of a model folder."""

from pathlib import Path

import polars as pl
import pytest

from rankscope.data.encodings.sequences import encoded, encoder
from rankscope.errors import DataError
from rankscope.records.data import TextFiles
from rankscope.text.documents import seeded_order
from rankscope.text.tokenizer import load_encoder
from tiny_heads import save_family
from tiny_llama import SENTENCES

SPEC = TextFiles(source="text", path="mine.jsonl", seed=3)
ROWS = pl.DataFrame(
    {
        "id": [f"d{number}" for number in range(5)],
        "split": ["train", "train", "heldout", "train", "train"],
        "text": [*SENTENCES, SENTENCES[0]],
    }
)


def test_sequences_are_the_training_documents_in_seeded_order(base: Path) -> None:
    reader, tokenizer = encoder(SPEC, base, 16), load_encoder(base)
    made = encoded(SPEC, ROWS, reader, 16)
    texts = dict(ROWS.filter(split="train").select("id", "text").iter_rows())
    stream = []
    for identity in seeded_order(texts, SPEC.seed):
        stream += [*tokenizer.encode([texts[identity]])[0], tokenizer.end_of_text]
    count = len(stream) // 16
    assert made.table["input_ids"].explode().to_list() == stream[: count * 16]
    assert made.results == {"sequences": count, "tokens": len(stream), "length": 16}


def test_documents_of_an_encoder_stand_in_its_tokenizer_s_frame(tmp_path: Path) -> None:
    made = encoded(SPEC, ROWS, encoder(SPEC, save_family("bert", tmp_path), 16), 16)
    stream = made.table["input_ids"].explode().to_list()
    begin, end = 0, 1
    borders = [token for token in stream if token in (begin, end)]
    assert borders[:7] == [begin, end, begin, end, begin, end, begin]
    assert stream[0] == begin
    assert all(stream[n + 1] == begin for n, token in enumerate(stream[:-1]) if token == end)


def test_the_seed_is_that_of_the_record(base: Path) -> None:
    reader = encoder(SPEC, base, 16)
    orders = {
        tuple(
            encoded(SPEC.replaced(seed=seed), ROWS, reader, 16)
            .table["document_ids"]
            .explode()
            .unique(maintain_order=True)
        )
        for seed in range(8)
    }
    assert len(orders) > 1


def test_less_than_one_sequence_is_refused(base: Path) -> None:
    with pytest.raises(DataError, match="less than one sequence of 4096"):
        encoded(SPEC, ROWS, encoder(SPEC, base, 4096), 4096)
