import math

import pytest

from rankscope.evaluate.kinds.bits_per_byte import METRICS, bits_per_byte


def test_eight_bits_for_a_byte_guessed_among_256() -> None:
    assert bits_per_byte(math.log(256), 1) == pytest.approx(8.0)
    assert bits_per_byte(10 * math.log(2), 5) == pytest.approx(2.0)


def test_the_weighted_mean_is_the_bits_of_the_corpus_over_its_bytes() -> None:
    (metric,) = METRICS
    rows = [{"nats": 7.0, "bytes": 3}, {"nats": 20.0, "bytes": 17}]
    weights = [metric.weight(row) for row in rows]
    total = sum(metric.score(row) * weight for row, weight in zip(rows, weights, strict=True))
    assert total / sum(weights) == pytest.approx(27.0 / math.log(2) / 20)
