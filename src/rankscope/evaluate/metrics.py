"""Scores of one item from what the model said about it: pure functions, one per metric.

Guarantees: no model, no tokenizer, no file; so an edited metric re-scores and never re-generates.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


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

    `score` and `weight` take one row of `tables.PREDICTIONS`.
    """

    name: str
    unit: str
    higher_is_better: bool
    score: Callable[[dict[str, Any]], float]
    weight: Callable[[dict[str, Any]], float] = lambda row: 1.0


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
}
