"""A run from its files to its kept weights, and from the Trainer's history to the curve."""

import json
import math
from pathlib import Path

import polars as pl
import pytest

from labelled_runs import make_inputs, run_on, write_pairs
from rankscope.artefacts import layout
from rankscope.records.bases import LocalBase
from rankscope.records.data import TextFiles
from rankscope.records.keys import KEYS
from rankscope.records.methods import FullFineTuning, Lora
from rankscope.records.recipes import Recipe
from rankscope.records.runs import Run
from rankscope.train.stage import TrainingFiles, loss_curve, tokens_after, train_run
from tiny_heads import save_family


def run_of(recipe: Recipe) -> Run:
    return Run(
        base=LocalBase(source="local", path="base"),
        data=TextFiles(source="text", path="text.txt"),
        method=FullFineTuning(),
        recipe=recipe,
        seed=7,
    )


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


def test_a_diverged_run_counts_the_tokens_of_its_own_steps() -> None:
    assert [tokens_after(step, [32, 64, 96]) for step in (0, 1, 3)] == [0, 32, 96]


def test_a_run_finds_its_files_in_the_layout() -> None:
    run = run_of(Recipe(learning_rate=1e-4, steps=2))
    files = TrainingFiles.of(run)
    assert files.base == Path(layout.base_model(run.base.name))
    assert files.run_folder == Path(layout.run_folder(run.name))
    assert files.packed == Path(layout.packed(run.packed.name))
    assert len({files.base, files.run_folder, files.packed, files.resume}) == 4
    quantised = TrainingFiles.of(run.replaced(method=Lora(rank=2, alpha=4.0, quantisation="nf4")))
    assert quantised.base != files.base
    assert quantised.packed == files.packed


def test_a_run_writes_its_curve_its_kept_steps_and_last_its_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    base = save_family("bert", tmp_path / "encoder")
    run = run_on(base, write_pairs(tmp_path / "pairs.jsonl"), FullFineTuning())
    files = make_inputs(run)
    train_run(run, files)
    made = json.loads((files.run_folder / "run.json").read_text("utf-8"))
    kept = sorted(path.name for path in (files.run_folder / "steps").iterdir())
    assert kept == [layout.step_folder(3), layout.step_folder(6)]
    assert made["results"]["steps"] == [3, 6]
    assert made["results"]["status"] == made["status"] == "done"
    curve = pl.read_parquet(files.run_folder / "loss.parquet")
    assert curve["step"].to_list() == [1, 2, 3, 4, 5, 6]
    assert made["results"]["tokens"] == curve["tokens"][-1]
    assert set(made["inputs"]) >= {files.packed.as_posix(), files.base.as_posix()}
    assert not files.resume.exists(), "what a killed run resumes from goes with it"
