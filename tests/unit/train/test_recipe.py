"""From a recipe to steps and to the Trainer's arguments."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankscope.errors import DataError
from rankscope.records.bases import LocalBase
from rankscope.records.data import TextFiles
from rankscope.records.methods import FullFineTuning
from rankscope.records.recipes import Recipe
from rankscope.records.runs import Run
from rankscope.train.stage import loss_curve, total_steps, training_arguments


def run_of(recipe: Recipe) -> Run:
    return Run(
        base=LocalBase(source="local", path="base"),
        data=TextFiles(source="text", path="text.txt"),
        method=FullFineTuning(),
        recipe=recipe,
        seed=7,
    )


# the multi-task paper: 100 examples of each of 100/250/500/757 tasks, 6 epochs, batches of 128
@pytest.mark.parametrize(
    ("rows", "steps"), [(10_000, 469), (25_000, 1172), (50_000, 2344), (75_700, 3548)]
)
def test_epochs_give_the_paper_s_steps(rows: int, steps: int) -> None:
    assert total_steps(Recipe(learning_rate=1e-4, epochs=6.0, batch_size=128), rows) == steps


def test_steps_are_taken_as_given() -> None:
    assert total_steps(Recipe(learning_rate=1e-4, steps=17, batch_size=4), 5) == 17


def test_less_data_than_a_batch_is_refused_with_the_way_out() -> None:
    with pytest.raises(DataError, match=r"fill 3 sequences of 256 tokens.*batch of 16.*smaller"):
        total_steps(Recipe(learning_rate=1e-4, steps=1), 3)


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


def test_micro_batches_accumulate_to_the_batch(tmp_path) -> None:
    recipe = Recipe(learning_rate=2e-4, steps=40, batch_size=12, micro_batch_size=3)
    arguments = training_arguments(run_of(recipe), 40, tmp_path)
    assert arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps == 12
    assert arguments.per_device_train_batch_size == 3
    assert arguments.warmup_steps == 2  # 5 % of 40
    assert arguments.seed == arguments.data_seed == 7


@pytest.mark.parametrize("visible", [0, 1, 4])
def test_a_batch_is_the_recipe_s_however_many_gpus_are_visible(
    visible: int, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: visible)
    recipe = Recipe(learning_rate=2e-4, steps=40, batch_size=12, micro_batch_size=3)
    arguments = training_arguments(run_of(recipe), 40, tmp_path)
    assert arguments.n_gpu == min(visible, 1)
    assert arguments.train_batch_size * arguments.gradient_accumulation_steps == 12


def test_loss_curve_has_a_row_per_step_and_nan_survives() -> None:
    history = [
        {"step": 1, "loss": 2.5, "learning_rate": 1e-4, "grad_norm": 0.5},
        {"step": 2, "loss": math.nan, "learning_rate": 2e-4, "grad_norm": math.inf},
        {"step": 2, "train_runtime": 1.0},
    ]
    run = run_of(Recipe(learning_rate=1e-4, steps=2, batch_size=4, sequence_length=8))
    curve = loss_curve(run, history, [32, 64])
    assert curve.columns[:7] == ["run", "base", "data", "method", "rank", "seed", "step"]
    assert curve["step"].to_list() == [1, 2]
    assert curve["tokens"].to_list() == [32, 64]
    assert curve["loss"][0] == 2.5
    assert math.isnan(curve["loss"][1])
    assert curve["rank"].to_list() == [None, None]


def test_loss_curve_of_a_run_that_never_stepped_keeps_its_columns() -> None:
    curve = loss_curve(run_of(Recipe(learning_rate=1e-4, steps=2)), [], [32, 64])
    assert curve.is_empty()
    assert {"run", "rank", "step", "loss", "tokens"} <= set(curve.columns)
