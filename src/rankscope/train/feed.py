"""What a run is trained on, as the `Trainer` takes it, and how many steps that gives.

Guarantees: the steps follow from the recipe and the size of the data alone. What is in a batch says
the module of `train.feeds` that the record's `trained_as` names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

from rankscope.errors import DataError
from rankscope.records.recipes import Recipe
from rankscope.records.runs import Run


@dataclass(frozen=True)
class Feed:
    """What a run is trained on; `tokens` counts those seen after each of its steps.

    `tokens_per_pass`: those of all of it, once.
    `in_order`: the dataset holds what the whole run sees, in the order in which it sees it;
    otherwise it holds one pass, and the Trainer shuffles every pass anew. `shares_rows`: examples
    that must not see each other lie in one row. `loss` is taken instead of the model's own, where a
    family's own depends on the size of a forward pass.
    """

    dataset: Dataset[Any]
    tokens: Sequence[int]
    tokens_per_pass: int
    collator: Callable[[Sequence[Any]], dict[str, Any]] | None = None
    in_order: bool = False
    shares_rows: bool = False
    loss: Callable[..., torch.Tensor] | None = None

    @property
    def steps(self) -> int:
        """Optimizer steps of the run."""
        return len(self.tokens)


def feed_of(run: Run, packed: Path, base: Path) -> Feed:
    """Read the table of token ids of `run`, for the model in the folder `base`.

    Raises:
        DataError: there is less than a batch.
    """
    of_kind = import_module(f"{__package__}.feeds.{run.data.trained_as}")
    feed: Feed = of_kind.feed(run, packed, base)
    return feed


def total_steps(recipe: Recipe, sequences: int, unit: str = "sequences") -> int:
    """Optimizer steps of the run: `steps` as given, or epochs × sequences / batch size, rounded.

    Raises:
        DataError: there are fewer sequences (or examples) than one batch holds.
    """
    if sequences < recipe.batch_size:
        raise DataError(
            f"the training data fill {sequences} {unit} of {recipe.sequence_length} tokens,"
            f" fewer than one batch of {recipe.batch_size}: use a smaller recipe.batch_size or"
            " recipe.sequence_length (base.batch_size or base.context_length of an embedded base),"
            " or more data"
        )
    if recipe.steps is not None:
        return recipe.steps
    return max(1, round((recipe.epochs or 0) * sequences / recipe.batch_size))
