"""Batches of labelled pairs."""

from pathlib import Path

import polars as pl
import pytest

from labelled_runs import run_on
from rankscope.data.encodings.labelled import LABELLED
from rankscope.errors import DataError
from rankscope.records.methods import FullFineTuning
from rankscope.text.pairs import Layout
from rankscope.train.feeds.labelled import Collator, LabelledPair, feed
from rankscope.train.losses import mean_over_the_step

LENGTHS = [3, 1, 4, 2, 5]


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """Five examples of different lengths; the tokens of each are its number."""
    rows = [
        (number, str(number), [number] * length, [0] * length, number % 2)
        for number, length in enumerate(LENGTHS)
    ]
    pl.DataFrame(rows, schema=LABELLED, orient="row").write_parquet(tmp_path / "packed.parquet")
    (tmp_path / "config.json").write_text('{"model_type": "roberta", "pad_token_id": 1}')
    return tmp_path / "packed.parquet"


def fed(packed: Path, **recipe):
    run = run_on(packed.parent, packed.parent / "pairs.jsonl", FullFineTuning(), **recipe)
    return feed(run, packed, packed.parent)


def test_a_batch_has_its_labels() -> None:
    batch = Collator(Layout(padding=9, has_segments=False))(
        [LabelledPair([1, 2], [0, 0], label=1), LabelledPair([3], [0], label=0)]
    )
    assert batch["labels"].tolist() == [1, 0]
    assert batch["input_ids"].tolist() == [[1, 2], [3, 9]]


def test_passes_are_shuffled_and_each_sees_every_example_once(packed: Path) -> None:
    made = fed(packed, steps=10, batch_size=1)
    assert made.in_order
    assert made.loss is mean_over_the_step
    seen = [made.dataset[place] for place in range(10)]
    numbers = [each.input_ids[0] for each in seen]
    assert sorted(numbers[:5]) == sorted(numbers[5:]) == [0, 1, 2, 3, 4]
    assert numbers[:5] != numbers[5:]
    assert all(each.label == number % 2 for each, number in zip(seen, numbers, strict=True))


def test_tokens_are_those_of_the_examples_and_a_step_has_its_longest_first(packed: Path) -> None:
    made = fed(packed, steps=4, batch_size=2)
    lengths = [len(made.dataset[place].input_ids) for place in range(8)]
    assert all(one >= two for one, two in zip(lengths[::2], lengths[1::2], strict=True))
    assert list(made.tokens) == [sum(lengths[: 2 * step]) for step in (1, 2, 3, 4)]
    assert made.tokens_per_pass == sum(LENGTHS)


def test_fewer_examples_than_a_batch_are_refused(packed: Path) -> None:
    with pytest.raises(DataError, match="fill 5 examples"):
        fed(packed, steps=1, batch_size=6)
