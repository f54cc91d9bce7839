"""The constant schedule at every step."""

import pytest

from rankscope.records.schedules import Constant
from rankscope.train.schedules.constant import arguments
from schedule_course import course


@pytest.mark.parametrize(("steps", "warmup"), [(20, 5), (7, 0)])
def test_it_stays_where_the_warm_up_ends(steps, warmup, tmp_path) -> None:
    expected = [t / warmup if t < warmup else 1.0 for t in range(steps)]
    assert course(arguments(Constant()), steps, warmup, tmp_path) == pytest.approx(expected)
