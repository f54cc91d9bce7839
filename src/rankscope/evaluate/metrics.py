"""Scores of one item from what the model said about it: pure functions, one per metric.

Guarantees: no model, no tokenizer, no file; so an edited metric re-scores and never re-generates.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rankscope.evaluate.text_metrics import (
    copies_input,
    exact_match,
    is_empty,
    label_entropy,
    largest_label_share,
    options,
    out_of_options,
    rouge_l,
)


def bits_per_byte(nats: float, size: int) -> float:
    """Return −log2 p(text) / bytes(text) = nats / (ln 2 · size).

    Weighted by `size`, its mean over documents is the corpus's total bits over its total bytes.
    """
    return nats / (math.log(2) * size)


def accuracy(choices_nats: Sequence[float], answer: int) -> float:
    """Return 1 if the answer has the highest log-likelihood Σ ln p(token | …), else 0.

    Of equal choices the first counts as chosen (lm-eval's `acc`).
    """
    return float(_first_highest(choices_nats) == answer)


def accuracy_normalised(
    choices_nats: Sequence[float], choices_characters: Sequence[int], answer: int
) -> float:
    """Return 1 if the answer has the highest log-likelihood per character, else 0.

    Without the division the shortest ending tends to win (lm-eval's `acc_norm`, which divides by
    the number of characters, not bytes).
    """
    per_character = [
        nats / characters for nats, characters in zip(choices_nats, choices_characters, strict=True)
    ]
    return float(_first_highest(per_character) == answer)


def _first_highest(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


@dataclass(frozen=True)
class Metric:
    """A metric over the columns of a prediction.

    `score` and `weight` take one row of `tables.PREDICTIONS`; a score of None says that the metric
    does not apply to the item.
    """

    name: str
    unit: str
    higher_is_better: bool
    score: Callable[[dict[str, Any]], float | None]
    weight: Callable[[dict[str, Any]], float] = lambda row: 1.0


@dataclass(frozen=True)
class TaskMetric:
    """A metric over all predictions of a classification task, which become one score."""

    name: str
    unit: str
    higher_is_better: bool
    score: Callable[[Sequence[dict[str, Any]]], float]


def _out_of_options(row: dict[str, Any]) -> float | None:
    if row["options"] is None:
        return None
    return float(out_of_options(row["prediction"], options([row["options"]])))


def _predictions(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [row["prediction"] for row in rows]


METRICS: dict[str, tuple[Metric, ...]] = {
    "bits-per-byte": (
        Metric(
            name="bits_per_byte",
            unit="bits per byte",
            higher_is_better=False,
            score=lambda row: bits_per_byte(row["nats"], row["bytes"]),
            weight=lambda row: float(row["bytes"]),
        ),
    ),
    "harness": (
        Metric(
            name="accuracy",
            unit="accuracy",
            higher_is_better=True,
            score=lambda row: accuracy(row["choices_nats"], row["answer"]),
        ),
        Metric(
            name="accuracy_normalised",
            unit="accuracy",
            higher_is_better=True,
            score=lambda row: accuracy_normalised(
                row["choices_nats"], row["choices_characters"], row["answer"]
            ),
        ),
    ),
    "generate": (
        Metric(
            name="exact_match",
            unit="exact match",
            higher_is_better=True,
            score=lambda row: exact_match(row["prediction"], row["references"]),
        ),
        Metric(
            name="rouge_l",
            unit="ROUGE-L",
            higher_is_better=True,
            score=lambda row: rouge_l(row["prediction"], row["references"]),
        ),
        Metric(
            name="out_of_options",
            unit="share of answers",
            higher_is_better=False,
            score=_out_of_options,
        ),
        Metric(
            name="empty",
            unit="share of answers",
            higher_is_better=False,
            score=lambda row: float(is_empty(row["prediction"])),
        ),
        Metric(
            name="copies_input",
            unit="share of answers",
            higher_is_better=False,
            score=lambda row: float(
                copies_input(row["prediction"], row["text"], row["truncated"], row["references"])
            ),
        ),
        Metric(
            name="truncated",
            unit="share of answers",
            higher_is_better=False,
            score=lambda row: float(row["truncated"]),
        ),
    ),
}

TASK_METRICS: dict[str, tuple[TaskMetric, ...]] = {
    "generate": (
        TaskMetric(
            name="label_entropy",
            unit="bits",
            higher_is_better=True,
            score=lambda rows: label_entropy(_predictions(rows)),
        ),
        TaskMetric(
            name="label_entropy_of_references",
            unit="bits",
            higher_is_better=True,
            score=lambda rows: label_entropy(row["references"][0] for row in rows),
        ),
        TaskMetric(
            name="largest_label_share",
            unit="share of answers",
            higher_is_better=False,
            score=lambda rows: largest_label_share(_predictions(rows)),
        ),
    ),
}
