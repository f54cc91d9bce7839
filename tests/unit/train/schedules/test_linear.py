"""The linear schedule at every step, against its closed form."""

import pytest

from rankscope.records.schedules import Linear
from rankscope.train.schedules.linear import arguments
from schedule_course import course


@pytest.mark.parametrize(("steps", "warmup"), [(20, 5), (7, 0), (1, 0)])
def test_it_rises_in_the_warm_up_and_falls_in_a_straight_line(steps, warmup, tmp_path) -> None:
    expected = [t / warmup if t < warmup else (steps - t) / (steps - warmup) for t in range(steps)]
    assert course(arguments(Linear()), steps, warmup, tmp_path) == pytest.approx(expected)
