"""From a recipe to steps, and from the Trainer's history to the loss curve."""

import math

from hypothesis import given
from hypothesis import strategies as st

from rankscope.records.bases import LocalBase
from rankscope.records.data import TextFiles
from rankscope.records.keys import KEYS
from rankscope.records.methods import FullFineTuning
from rankscope.records.recipes import Recipe
from rankscope.records.runs import Run
from rankscope.train.stage import loss_curve


def run_of(recipe: Recipe) -> Run:
    return Run(
        base=LocalBase(source="local", path="base"),
        data=TextFiles(source="text", path="text.txt"),
        method=FullFineTuning(),
        recipe=recipe,
        seed=7,
    )


@given(
    shares=st.sets(st.floats(0.001, 0.999), max_size=6),
    total=st.integers(1, 10_000),
)
def test_kept_steps_are_ascending_and_end_with_the_run(shares: set[float], total: int) -> None:
    recipe = Recipe(learning_rate=1e-4, steps=total, keep=(*sorted(shares), 1.0))
    kept = recipe.kept_steps(total)
    assert kept[-1] == total
    assert list(kept) == sorted(set(kept))
    assert all(1 <= step <= total for step in kept)


def test_loss_curve_has_a_row_per_step_and_nan_survives() -> None:
    history = [
        {"step": 1, "loss": 2.5, "learning_rate": 1e-4, "grad_norm": 0.5},
        {"step": 2, "loss": math.nan, "learning_rate": 2e-4, "grad_norm": math.inf},
        {"step": 2, "train_runtime": 1.0},
    ]
    run = run_of(Recipe(learning_rate=1e-4, steps=2, batch_size=4, sequence_length=8))
    curve = loss_curve(run, history, [32, 64])
    assert curve.columns[: len(KEYS)] == list(KEYS)
    assert curve["step"].to_list() == [1, 2]
    assert curve["tokens"].to_list() == [32, 64]
    assert curve["loss"][0] == 2.5
    assert math.isnan(curve["loss"][1])
    assert curve["rank"].to_list() == [None, None]


def test_loss_curve_of_a_run_that_never_stepped_keeps_its_columns() -> None:
    curve = loss_curve(run_of(Recipe(learning_rate=1e-4, steps=2)), [], [32, 64])
    assert curve.is_empty()
    assert {"run", "rank", "step", "loss", "tokens"} <= set(curve.columns)
