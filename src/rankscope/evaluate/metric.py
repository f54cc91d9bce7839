"""What a kind of evaluation says of its metrics: how they are computed, called and read.

Guarantees: a metric is a pure function of stored predictions: no model, no tokenizer, no file; so
an edited metric re-scores and never re-generates.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
"""A prediction: the common keys, `item`, and the columns of its kind."""


@dataclass(frozen=True, kw_only=True)
class Described:
    """How a metric is called and read, by people and by the report.

    `spelling` is its name in a sentence, by default `name` with spaces. A `side` metric says how
    answers fail, not how good they are: it stands in the tables, without a figure of its own.
    `largest` is the most that it can be; None where nothing bounds it. No score is below 0.
    """

    name: str
    unit: str
    higher_is_better: bool
    spelling: str = ""
    side: bool = False
    largest: float | None = 1.0

    @property
    def columns(self) -> Row:
        """What every row of its scores says of it."""
        return {
            "metric": self.name,
            "spelling": self.spelling or self.name.replace("_", " "),
            "unit": self.unit,
            "higher_is_better": self.higher_is_better,
            "side": self.side,
            "largest": self.largest,
        }


@dataclass(frozen=True, kw_only=True)
class Metric(Described):
    """A metric of one item.

    A score of None says that the metric does not apply to the item. The mean over items is weighted
    by `weight`.
    """

    score: Callable[[Row], float | None]
    weight: Callable[[Row], float] = lambda row: 1.0


@dataclass(frozen=True, kw_only=True)
class TaskMetric(Described):
    """A metric of a task: all predictions of one value of `task` to which it applies, one score."""

    score: Callable[[Sequence[Row]], float]
    applies: Callable[[Row], bool] = lambda row: True
