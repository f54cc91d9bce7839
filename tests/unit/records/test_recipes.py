"""How a run is trained: what contradicts itself is refused in a sentence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rankscope.records.recipes import Recipe


def recipe(**changes: Any) -> Recipe:
    return Recipe.model_validate({"learning_rate": 0.1, "steps": 10} | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"epochs": 2.0}, "2 epochs contradict `steps: 10`"),
        ({"steps": None}, "give `steps` or `epochs`"),
        ({"batch_size": 12, "micro_batch_size": 5}, "allowed here: 1, 2, 3, 4, 6, 12"),
        ({"keep": (0.5,)}, r"\[0.5\] must be ascending fractions"),
        ({"keep": (0.5, 0.1, 1.0)}, "must be ascending"),
        ({"keep": (0.5, 0.5, 1.0)}, "must be ascending"),
        ({"keep": ()}, "must be ascending"),
        ({"learning_rate": 0.0}, "greater than 0"),
        ({"warmup_fraction": 1.0}, "less than 1"),
        ({"steps": 10.0}, "valid integer"),
    ],
)
def test_what_contradicts_itself_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        recipe(**changes)


@given(st.sets(st.floats(0.001, 0.999), max_size=6), st.integers(1, 5000))
def test_kept_steps_ascend_to_the_last(shares: set[float], total: int) -> None:
    steps = recipe(keep=(*sorted(shares), 1.0)).kept_steps(total)
    assert steps[-1] == total
    assert steps[0] >= 1
    assert list(steps) == sorted(set(steps))
    for share in shares:
        assert min(abs(step - share * total) for step in steps) <= max(0.5, 1 - share * total)


def test_what_is_for_mixtures_alone_is_no_part_of_other_recipes() -> None:
    assert not {"packing", "prompt_loss"} & set(recipe().canonical())
    assert recipe(packing="padded", prompt_loss=True).canonical()["packing"] == "padded"
