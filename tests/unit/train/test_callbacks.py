"""What rankscope adds to the Trainer: it watches, keeps and stops, and changes no number."""

import logging
import math
from pathlib import Path

import pytest
import torch
from transformers import Trainer, TrainerControl, TrainerState, TrainingArguments, set_seed

from rankscope.artefacts.layout import step_folder
from rankscope.train import callbacks
from rankscope.train.callbacks import (
    CheckpointByTime,
    KeepWeights,
    ProgressLines,
    StopOnDivergence,
)
from rankscope.train.resume import latest_checkpoint


class Line(torch.nn.Module):
    """y = wx + b, with dropout, so that every random number counts."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(3, 1)
        self.dropout = torch.nn.Dropout(0.5)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": ((self.dropout(self.linear(x)) - labels) ** 2).mean()}


ITEMS = [{"x": torch.tensor([float(n), 1.0, 0.5]), "labels": torch.tensor([1.0])} for n in range(8)]


def arguments(folder: Path, steps: int = 6) -> TrainingArguments:
    return TrainingArguments(
        str(folder), max_steps=steps, per_device_train_batch_size=2, logging_steps=1, seed=1,
        save_strategy="no", report_to=[], use_cpu=True, disable_tqdm=True, learning_rate=1e-2,
    )  # fmt: skip


def trained(folder: Path, *added: object) -> dict[str, torch.Tensor]:
    """The weights after six steps."""
    set_seed(1)
    trainer = Trainer(Line(), arguments(folder), train_dataset=ITEMS, callbacks=list(added))
    trainer.train()
    return trainer.model.state_dict()


def at(step: int, of: int = 6) -> TrainerState:
    return TrainerState(global_step=step, max_steps=of)


def test_a_run_with_them_is_the_run_without_them(tmp_path: Path) -> None:
    saved: list[Path] = []
    plain = trained(tmp_path / "plain")
    watched = trained(
        tmp_path / "watched",
        ProgressLines("line"),
        CheckpointByTime(0.0),
        KeepWeights((2, 4, 6), tmp_path / "kept", saved.append),
        StopOnDivergence(),
    )
    assert len(saved) == 3, "they were at work"
    assert latest_checkpoint(tmp_path / "watched") == tmp_path / "watched/checkpoint-5"
    for name, weight in plain.items():
        assert torch.equal(watched[name], weight)


# --- divergence -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "logs",
    [{"loss": math.nan}, {"loss": math.inf}, {"loss": 1.0, "grad_norm": math.nan}],
    ids=str,
)
def test_a_loss_or_gradient_that_is_no_number_stops_the_run_unsaved(
    tmp_path: Path, logs: dict[str, float]
) -> None:
    control = TrainerControl(should_save=True)
    watch = StopOnDivergence()
    watch.on_log(arguments(tmp_path), at(3), control, logs)
    assert (control.should_training_stop, control.should_save) == (True, False)
    watch.on_log(arguments(tmp_path), at(4), control, logs)
    assert watch.diverged_at == 3, "the first step of them"


@pytest.mark.parametrize("logs", [{"loss": 1e30, "grad_norm": 0.0}, {"train_runtime": 1.0}, None])
def test_what_is_finite_goes_on(tmp_path: Path, logs: dict[str, float] | None) -> None:
    control, watch = TrainerControl(should_save=True), StopOnDivergence()
    watch.on_log(arguments(tmp_path), at(3), control, logs)
    assert (control.should_training_stop, control.should_save) == (False, True)
    assert watch.diverged_at is None


# --- kept steps -----------------------------------------------------------------------------------


def keep(folder: Path, step: int, model: torch.nn.Module, **logs: float) -> TrainerControl:
    """Log a step of six, of which the second and the last are kept."""
    control = TrainerControl()
    callback = KeepWeights((2, 6), folder, lambda into: into.joinpath("weights").touch())
    callback.on_log(arguments(folder), at(step), control, logs or {"loss": 1.0}, model=model)
    return control


def test_a_kept_step_is_a_checkpoint_but_for_the_last(tmp_path: Path) -> None:
    saves = {step: keep(tmp_path, step, Line()).should_save for step in (1, 2, 6)}
    assert saves == {1: False, 2: True, 6: False}
    kept = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("weights"))
    assert kept == [f"{step_folder(step)}/weights" for step in (2, 6)]


def test_the_summary_of_the_run_is_no_step(tmp_path: Path) -> None:
    keep(tmp_path, 6, Line(), train_runtime=1.0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_weights_that_are_no_numbers_are_not_kept(tmp_path: Path, value: float) -> None:
    model = Line()
    with torch.no_grad():
        model.linear.weight[0, 1] = value
    assert not keep(tmp_path, 2, model).should_save
    assert not list(tmp_path.iterdir())


# --- checkpoints by time --------------------------------------------------------------------------


def test_a_checkpoint_is_asked_for_once_the_time_has_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: now[0])
    callback = CheckpointByTime(60.0)

    def asked(step: int, after: float) -> bool:
        now[0] = 100.0 + after
        control = TrainerControl()
        callback.on_log(arguments(tmp_path), at(step), control)
        return control.should_save

    assert [asked(1, 59.0), asked(2, 60.0), asked(6, 61.0)] == [False, True, False]
    checkpoint = tmp_path / "checkpoint-2"
    checkpoint.mkdir()
    callback.on_save(arguments(tmp_path), at(2), TrainerControl())
    assert latest_checkpoint(tmp_path) == checkpoint, "sealed"
    assert [asked(3, 120.0), asked(4, 121.0)] == [False, True], "the clock starts again"


def test_at_the_end_nothing_is_saved_whoever_asked(tmp_path: Path) -> None:
    control = TrainerControl(should_save=True)
    CheckpointByTime(0.0).on_log(arguments(tmp_path), at(6), control)
    assert not control.should_save


# --- progress -------------------------------------------------------------------------------------


def test_progress_counts_steps_and_shows_the_loss(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    lines = ProgressLines("line")
    lines.on_train_begin(arguments(tmp_path), at(4), TrainerControl())
    for step, logs in ((5, {"loss": 2.0}), (6, {"loss": 1.25}), (6, {"train_runtime": 1.0})):
        lines.on_log(arguments(tmp_path), at(step), TrainerControl(), logs)
    assert "line" in caplog.text
    assert "6/6" in caplog.text
    assert "loss 1.250" in caplog.text
