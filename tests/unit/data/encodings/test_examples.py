"""Examples of a mixture as token ids: one row each, in order, and what was cut is counted."""

from pathlib import Path

import polars as pl
import pytest

from rankscope.data.encodings.examples import EXAMPLES, encoded, encoder, limits
from rankscope.errors import DataError
from rankscope.records.instructions import MadeTasks, Mixture
from rankscope.text.encoding import Limits
from rankscope.text.prompts import render
from rankscope.text.tokenizer import load_encoder

MADE = MadeTasks(source="made-tasks")
SPEC = Mixture(source="mixture", tasks=MADE, size=2, answer_tokens=8, sampling_seed=0)
ROWS = pl.DataFrame(
    {
        "task": ["t", "t", "u"],
        "instance": ["t-1", "t-1", "u-1"],
        "draw": [0, 1, 0],
        "definition": ["Count.", "Count.", "Say it."],
        "text": ["the cat", "the cat", "on the mat " * 40],
        "target": ["2", "2", "the dog lay under the old table of items in a list"],
    }
)


def test_every_example_is_a_row_in_the_order_of_the_mixture(base: Path) -> None:
    made = encoded(SPEC, ROWS, encoder(SPEC, base, 96), 96)
    table = made.table
    assert dict(table.schema) == dict(EXAMPLES)
    keys = ("task", "instance", "draw")
    assert table.select(keys).equals(ROWS.select(keys))
    assert table["example"].to_list() == [0, 1, 2]
    assert table["input_ids"][0].to_list() == table["input_ids"][1].to_list()
    end = load_encoder(base).end_of_text
    assert {ids[-1] for ids in table["input_ids"].to_list()} == {end}


def test_an_example_that_fits_is_its_prompt_and_its_answer(base: Path) -> None:
    reader = encoder(SPEC, base, 96)
    ids, prompt = encoded(SPEC, ROWS, reader, 96).table.select("input_ids", "prompt_tokens").row(0)
    alone = reader.encode_prompt(render(SPEC.template, "Count.", "the cat"))
    assert ids[:prompt] == alone.input_ids
    assert len(ids) - prompt >= 2, "an answer and the end of the text"


def test_what_was_cut_is_counted(base: Path) -> None:
    made = encoded(SPEC, ROWS, encoder(SPEC, base, 96), 96)
    lengths = made.table["input_ids"].list.len()
    assert lengths.max() <= 96
    assert made.table["prompt_tokens"].max() <= 96 - SPEC.answer_tokens
    assert made.results == {
        "tokens": lengths.sum(),
        "answer_tokens": lengths.sum() - made.table["prompt_tokens"].sum(),
        "truncated": {"examples": 3, "text": 1, "definition": 0, "answer": 1},
    }


def test_a_length_is_divided_between_prompt_and_answer(base: Path) -> None:
    assert limits(SPEC, 96) == Limits(source=88, target=8)
    for length in (1, 8):
        with pytest.raises(DataError, match=f"of {length} tokens leaves no room for prompts"):
            encoder(SPEC, base, length)
