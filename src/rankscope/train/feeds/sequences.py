"""Documents packed to sequences of equal length: every token is a target.

Guarantees: the Trainer draws the order of every pass from the run's seed.
"""

from pathlib import Path

import torch
from torch.utils.data import Dataset

from rankscope.artefacts.reading import read_parquet
from rankscope.errors import DataError
from rankscope.records.runs import Run
from rankscope.train.feed import Feed, total_steps


def feed(run: Run, packed: Path, base: Path) -> Feed:
    """Read the sequences of `run`.

    Raises:
        DataError: there is less than a batch.
    """
    del base
    sequences = PackedSequences(packed)
    per_step = run.recipe.batch_size * run.recipe.sequence_length
    steps = total_steps(run.recipe, len(sequences))
    tokens = range(per_step, (steps + 1) * per_step, per_step)
    return Feed(sequences, tokens, len(sequences) * run.recipe.sequence_length)


class PackedSequences(Dataset[dict[str, torch.Tensor]]):
    """Sequences of equal length; every token is a target.

    Items: `input_ids` and `labels`, both int64 of shape (sequence_length,).
    """

    def __init__(self, path: Path) -> None:
        tokens = read_parquet(path, columns=["input_ids"])["input_ids"]
        if tokens.is_empty():
            raise DataError(
                f"{path}: no full sequence of training data; use more data or a shorter"
                " recipe.sequence_length"
            )
        self._tokens = torch.tensor(tokens.to_list(), dtype=torch.int64)

    def __len__(self) -> int:
        return len(self._tokens)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {"input_ids": self._tokens[index], "labels": self._tokens[index]}
