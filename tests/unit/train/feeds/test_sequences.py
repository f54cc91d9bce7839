"""Packed sequences as batches."""

from pathlib import Path

import polars as pl
import pytest
import torch

from rankscope.errors import DataError
from rankscope.records.bases import LocalBase
from rankscope.records.data import TextFiles
from rankscope.records.methods import FullFineTuning
from rankscope.records.recipes import Recipe
from rankscope.records.runs import Run
from rankscope.train.feeds.sequences import feed
from rankscope.train.losses import IGNORED, mean_over_the_step
from tiny_heads import save_tokenizer

LENGTH = 8


def run(**recipe) -> Run:
    return Run(
        base=LocalBase(source="local", path="base"),
        data=TextFiles(source="text", path="text.txt"),
        method=FullFineTuning(),
        recipe=Recipe(learning_rate=1e-4, batch_size=2, sequence_length=LENGTH, **recipe),
        seed=0,
    )


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """Five sequences; the first token of each is its number."""
    rows = [[number, *range(1, LENGTH)] for number in range(5)]
    table = pl.DataFrame({"input_ids": rows}, schema={"input_ids": pl.List(pl.Int32)})
    table.write_parquet(tmp_path / "packed.parquet")
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    return tmp_path / "packed.parquet"


def test_every_token_is_a_target_and_counted(packed: Path) -> None:
    fed = feed(run(steps=3), packed, packed.parent)
    assert (len(fed.dataset), fed.steps, list(fed.tokens)) == (5, 3, [16, 32, 48])
    item = fed.dataset[4]
    assert item["input_ids"].tolist() == [4, *range(1, LENGTH)]
    assert torch.equal(item["input_ids"], item["labels"])
    assert not fed.in_order, "the Trainer shuffles"


def test_epochs_are_passes_over_the_sequences(packed: Path) -> None:
    assert feed(run(epochs=4.0), packed, packed.parent).steps == 4 * 5 // 2


def test_no_sequence_is_refused(packed: Path) -> None:
    pl.read_parquet(packed).clear().write_parquet(packed)
    with pytest.raises(DataError, match="no full sequence of training data"):
        feed(run(steps=1), packed, packed.parent)


def test_on_a_masked_language_model_targets_are_behind_masks(packed: Path) -> None:
    save_tokenizer(packed.parent, "bert")
    (packed.parent / "config.json").write_text('{"architectures": ["BertForMaskedLM"]}')
    fed = feed(run(steps=4), packed, packed.parent)
    assert (len(fed.dataset), list(fed.tokens)) == (8, [16, 32, 48, 64])
    assert fed.tokens_per_pass == 5 * LENGTH
    assert fed.in_order and fed.loss is mean_over_the_step
    firsts = [
        torch.where(item["labels"] == IGNORED, item["input_ids"], item["labels"])[0].item()
        for item in (fed.dataset[place] for place in range(8))
    ]
    assert sorted(firsts[:5]) == [0, 1, 2, 3, 4], "a pass sees every sequence once"
