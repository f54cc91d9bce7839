"""Documents packed to sequences of equal length.

Guarantees: for a causal language model every token is a target, and the Trainer draws the order of
every pass from the run's seed. For a masked one the targets are behind masks (`train.masking`), and
the loss is the mean over those of the whole step.
"""

from pathlib import Path

import polars as pl
import torch
from torch.utils.data import Dataset

from rankscope.artefacts.reading import read_parquet
from rankscope.errors import DataError
from rankscope.records.runs import Run
from rankscope.train.feed import Feed, total_steps
from rankscope.train.feeds.examples import OrderedExamples
from rankscope.train.losses import mean_over_the_step
from rankscope.train.masking import MaskedSequences, PlainSequence
from rankscope.weights.loading import read_tokenizer
from rankscope.weights.text_head import text_head


def feed(run: Run, packed: Path, base: Path) -> Feed:
    """Read the sequences of `run`.

    Raises:
        DataError: there is less than a batch.
        ModelError: the base has no tokenizer that masks.
    """
    if not text_head(base).looks_back:
        return _masked(run, packed, base)
    sequences = PackedSequences(packed)
    per_step = run.recipe.batch_size * run.recipe.sequence_length
    steps = total_steps(run.recipe, len(sequences))
    tokens = range(per_step, (steps + 1) * per_step, per_step)
    return Feed(sequences, tokens, len(sequences) * run.recipe.sequence_length)


def _masked(run: Run, packed: Path, base: Path) -> Feed:
    rows = _token_ids(packed).to_list()
    steps = total_steps(run.recipe, len(rows))
    ordered = OrderedExamples(list(map(PlainSequence, rows)), run.recipe, steps, run.seed)
    return Feed(
        MaskedSequences(ordered, read_tokenizer(base), run.seed),
        ordered.tokens,
        len(rows) * run.recipe.sequence_length,
        in_order=True,
        loss=mean_over_the_step,
    )


def _token_ids(path: Path) -> pl.Series:
    tokens = read_parquet(path, columns=["input_ids"])["input_ids"]
    if tokens.is_empty():
        raise DataError(
            f"{path}: no full sequence of training data; use more data or a shorter"
            " recipe.sequence_length"
        )
    return tokens


class PackedSequences(Dataset[dict[str, torch.Tensor]]):
    """Sequences of equal length; every token is a target.

    Items: `input_ids` and `labels`, both int64 of shape (sequence_length,).
    """

    def __init__(self, path: Path) -> None:
        self._tokens = torch.tensor(_token_ids(path).to_list(), dtype=torch.int64)

    def __len__(self) -> int:
        return len(self._tokens)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {"input_ids": self._tokens[index], "labels": self._tokens[index]}
