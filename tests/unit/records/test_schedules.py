"""What schedules say of themselves."""

import pytest
from pydantic import TypeAdapter, ValidationError

from rankscope.records.schedules import Constant, Cosine, Linear, Schedule


@pytest.mark.parametrize("schedule", [Linear(), Cosine(), Constant()])
def test_a_word_stands_for_the_record_of_that_kind(schedule: Linear | Cosine | Constant) -> None:
    assert schedule.label == schedule.kind
    assert TypeAdapter(Schedule).validate_python(schedule.label) == schedule


def test_a_floor_is_told_and_is_another_schedule() -> None:
    assert Cosine(floor=0.01).label == "cosine to 0.01"
    assert Cosine(floor=0.01).identity() != Cosine().identity()


@pytest.mark.parametrize("floor", [-0.1, 1.0])
def test_a_floor_is_a_share(floor: float) -> None:
    with pytest.raises(ValidationError):
        Cosine(floor=floor)
