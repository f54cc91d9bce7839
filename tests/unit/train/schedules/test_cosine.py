"""The cosine schedule at every step, against its closed form."""

from math import cos, pi

import pytest

from rankscope.records.schedules import Cosine
from rankscope.train.schedules.cosine import arguments
from schedule_course import course


@pytest.mark.parametrize("floor", [0.0, 0.01, 0.3])
@pytest.mark.parametrize(("steps", "warmup"), [(20, 5), (7, 0)])
def test_it_falls_along_half_a_cosine_to_its_floor(floor, steps, warmup, tmp_path) -> None:
    expected = [
        t / warmup
        if t < warmup
        else floor + (1 - floor) * (1 + cos(pi * (t - warmup) / (steps - warmup))) / 2
        for t in range(steps)
    ]
    found = course(arguments(Cosine(floor=floor)), steps, warmup, tmp_path)
    assert found == pytest.approx(expected)
