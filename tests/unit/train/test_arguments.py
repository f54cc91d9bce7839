"""From a recipe to the Trainer's arguments."""

from importlib import import_module
from typing import get_args

import pytest
from torch.utils.data import Dataset

from rankscope.records.bases import LocalBase
from rankscope.records.data import TextFiles
from rankscope.records.methods import FullFineTuning
from rankscope.records.optimizers import AdamW, Optimizer
from rankscope.records.recipes import Recipe
from rankscope.records.runs import Run
from rankscope.records.schedules import Cosine, Schedule
from rankscope.train import arguments
from rankscope.train.arguments import training_arguments
from rankscope.train.feed import Feed


class Examples(Dataset[int]):
    def __getitem__(self, index: int) -> int:
        return index


def run_of(recipe: Recipe) -> Run:
    return Run(
        base=LocalBase(source="local", path="base"),
        data=TextFiles(source="text", path="text.txt"),
        method=FullFineTuning(),
        recipe=recipe,
        seed=7,
    )


FEED = Feed(Examples(), range(100, 4100, 100), 400)  # of 40 steps


def kinds(union: object) -> list[str]:
    """The kinds of the records in a type such as `Annotated[A | B, …]`."""
    parts = get_args(union)
    if not parts:
        return [union.model_fields["kind"].default]  # type: ignore[attr-defined]
    return [kind for part in parts if isinstance(part, type) or get_args(part)
            for kind in kinds(part)]  # fmt: skip


@pytest.mark.parametrize(
    ("part", "kind"),
    [("optimizers", kind) for kind in kinds(Optimizer)]
    + [("schedules", kind) for kind in kinds(Schedule)],
)
def test_every_kind_has_a_module_of_its_name(part: str, kind: str) -> None:
    assert callable(import_module(f"rankscope.train.{part}.{kind}").arguments)


def test_optimizer_and_schedule_are_the_recipe_s(tmp_path) -> None:
    optimizer, schedule = AdamW(betas=(0.9, 0.95)), Cosine(floor=0.01)
    recipe = Recipe(learning_rate=2e-4, steps=40, optimizer=optimizer, schedule=schedule)
    made = training_arguments(run_of(recipe), FEED, tmp_path)
    assert (made.optim, made.adam_beta2) == ("adamw_torch", 0.95)
    assert made.lr_scheduler_type == "cosine_with_min_lr"
    assert made.lr_scheduler_kwargs == {"min_lr_rate": 0.01}


def test_micro_batches_accumulate_to_the_batch(tmp_path) -> None:
    recipe = Recipe(learning_rate=2e-4, steps=40, batch_size=12, micro_batch_size=3)
    made = training_arguments(run_of(recipe), FEED, tmp_path)
    assert made.per_device_train_batch_size * made.gradient_accumulation_steps == 12
    assert made.per_device_train_batch_size == 3
    assert made.warmup_steps == 2  # 5 % of 40
    assert made.seed == made.data_seed == 7


@pytest.mark.parametrize("visible", [0, 1, 4])
def test_a_batch_is_the_recipe_s_however_many_gpus_are_visible(
    visible: int, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: visible)
    recipe = Recipe(learning_rate=2e-4, steps=40, batch_size=12, micro_batch_size=3)
    made = training_arguments(run_of(recipe), FEED, tmp_path)
    assert made.n_gpu == min(visible, 1)
    assert made.train_batch_size * made.gradient_accumulation_steps == 12


@pytest.mark.parametrize(("in_order", "order"), [(True, "sequential"), (False, "random")])
def test_what_is_in_order_stays_so(in_order: bool, order: str, tmp_path) -> None:
    feed = Feed(Examples(), range(100, 4100, 100), 400, in_order=in_order)
    made = training_arguments(run_of(Recipe(learning_rate=2e-4, steps=40)), feed, tmp_path)
    assert made.train_sampling_strategy == order


def test_every_number_of_a_recipe_is_its_own_argument(tmp_path) -> None:
    """All of them different, so that no two can stand for each other."""
    optimizer = AdamW(betas=(0.81, 0.92), eps=3e-7)
    recipe = Recipe(
        learning_rate=2e-4, steps=40, optimizer=optimizer, weight_decay=0.07, max_gradient_norm=0.6
    )
    given = training_arguments(run_of(recipe), FEED, tmp_path)
    assert given.learning_rate == 2e-4
    assert given.weight_decay == 0.07
    assert given.max_grad_norm == 0.6
    assert (given.adam_beta1, given.adam_beta2, given.adam_epsilon) == (0.81, 0.92, 3e-7)
    assert given.max_steps == 40


@pytest.mark.parametrize("has_gpu", [False, True])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_bfloat16_is_computed_where_the_machine_can(
    precision, has_gpu, tmp_path, monkeypatch
) -> None:
    seen = {}
    monkeypatch.setattr(arguments, "TrainingArguments", lambda **given: seen.update(given) or Seen)
    monkeypatch.setattr("torch.cuda.is_available", lambda: has_gpu)
    recipe = Recipe(learning_rate=2e-4, steps=40, precision=precision)
    training_arguments(run_of(recipe), FEED, tmp_path)
    assert seen["bf16"] is (precision == "bfloat16")
    assert seen["use_cpu"] is (precision == "bfloat16" and not has_gpu)


class Seen:
    """What stands for the arguments of a machine that is not here."""

    n_gpu = 0
