"""Runs on labelled pairs, made step by step without a study file."""

import json
import random
from pathlib import Path
from typing import Any

from rankscope.artefacts import layout
from rankscope.data.packed import write_packed
from rankscope.data.rows import write_rows
from rankscope.records.bases import LocalBase
from rankscope.records.data import TrainingSpec
from rankscope.records.labelled import LabelledText
from rankscope.records.methods import Method
from rankscope.records.recipes import Recipe
from rankscope.records.runs import Run
from rankscope.train.stage import TrainingFiles, train_run
from rankscope.weights.model_folder import link_local
from sealing import seal

LABELS = ("same", "other")
WORDS = ["rank", "file", "loss", "page", "list", "word"]


def write_pairs(path: Path, rows: int = 48) -> Path:
    """Write pairs of words, labelled by whether they are the same."""
    draw = random.Random(0)
    lines = []
    for number in range(rows):
        first, other = draw.sample(WORDS, 2)
        second = first if number % 2 else other
        label = LABELS[first != second]
        lines.append({"a": f"{first} {number}", "b": f"{second} {number}", "label": label})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def pairs(path: Path, **changes: Any) -> LabelledText:
    """The record of such a file."""
    written = {"labels": LABELS, "text_fields": ("a", "b"), "heldout_fraction": 0.25} | changes
    return LabelledText(source="labelled", path=str(path), **written)


def run_on(base: Path, data: Path | TrainingSpec, method: Method, **recipe: Any) -> Run:
    """A run of few steps: on the pairs of a file, or on other data."""
    settings = {"learning_rate": 5e-3, "steps": 6, "batch_size": 4, "sequence_length": 32,
                "keep": (0.5, 1.0)} | recipe  # fmt: skip
    return Run(
        base=LocalBase(source="local", path=str(base)),
        data=pairs(data) if isinstance(data, Path) else data,
        method=method,
        recipe=Recipe(**settings),
        seed=3,
    )


def train_on(
    base: Path, data: Path | TrainingSpec, method: Method, **recipe: Any
) -> tuple[Run, TrainingFiles]:
    """Make and train such a run; return it with its files."""
    run = run_on(base, data, method, **recipe)
    files = make_inputs(run)
    train_run(run, files)
    return run, files


def make_inputs(run: Run) -> TrainingFiles:
    """Make the base, rows and token ids of a run, as the stages do."""
    files = TrainingFiles.of(run)
    if not files.base.exists():
        link_local(run.base, files.base)
        seal()
    rows = Path(layout.data_rows(run.data.name))
    write_rows(run.data, (), rows)
    write_packed(run.data, rows, files.base, run.recipe.sequence_length, files.packed)
    return files
