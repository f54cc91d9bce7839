"""What a module of `evaluate.kinds` offers: the one interface that `predict` and `score` know.

Guarantees: the `kind` of a record names its module, with `_` for `-`; there is no list to keep.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from rankscope.evaluate.metric import Metric, Row, TaskMetric
from rankscope.records.evaluations import Evaluation

Advance = Callable[[int], None]
"""Told how many further items are done."""


class Prepared(Protocol):
    """An evaluation whose items are read and tokenised: it only lacks a model."""

    @property
    def items(self) -> int:
        """Number of items."""

    def rows(self, model: Any, advance: Advance) -> Iterator[Row]:
        """Yield a row per item: `item`, and the columns of the kind that apply to it."""


class Kind(Protocol):
    """A module of `evaluate.kinds`; that it does not import torch makes scoring cheap."""

    COLUMNS: dict[str, Any]
    """Columns of its predictions beside the common keys and `item`, with their types."""
    METRICS: tuple[Metric, ...]
    """In the order of the report; the first is the one that bears the evaluation's name."""
    TASK_METRICS: tuple[TaskMetric, ...]
    """Metrics of whole tasks; with any, `task` is among the columns."""

    def prepare(self, evaluation: Any, rows: Path, base: Path, tokenizer: Any) -> Prepared:
        """Read and tokenise the items of `evaluation` from the rows of its data variant.

        Args:
            evaluation: a record of this kind.
            rows: parquet of the data variant.
            base: folder of the base, whose tokenizer trained the model.
            tokenizer: that of the base, loaded (`weights.BaseTokenizer`).

        Raises:
            ArtefactError, DataError: the rows are missing or do not fit.
        """


def kind_of(evaluation: Evaluation) -> Kind:
    """Return the module of an evaluation's kind."""
    return kind_named(evaluation.kind)


def kind_named(kind: str) -> Kind:
    """Return the module of a kind by its name in study files, such as `bits-per-byte`."""
    return cast(Kind, import_module(module_of(kind)))


def module_of(kind: str) -> str:
    """Return the full name of a kind's module."""
    return f"{__package__}.kinds.{kind.replace('-', '_')}"
