"""Answers and scores as the evaluate stage leaves them: a file per version and evaluation."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import polars as pl

from rankscope.artefacts import layout
from rankscope.artefacts.parts import Part, parts_of
from rankscope.records.evaluations import key
from rankscope.records.measurements import Answers, Scores

Rows = pl.DataFrame | Mapping[str, pl.DataFrame]
"""Of several steps: of all evaluations, told apart by name, or by the key of each."""


def write_answers(answers: Answers, rows: Rows, root: Path = Path()) -> None:
    """Write predictions, a file per step and evaluation, and the list of them; yet to be sealed."""
    parts = _write(answers, rows, layout.predictions, root)
    _list(
        "evaluate-predict", parts, layout.predictions, root / layout.answers_manifest(answers.name)
    )


def write_scores(scores: Scores, rows: Rows, root: Path = Path()) -> None:
    """Write scores, a file per step and evaluation, and the list of them; yet to be sealed."""
    parts = _write(scores.answers, rows, layout.scores, root)
    _list("evaluate-score", parts, layout.scores, root / layout.scores_manifest(scores.name))


def read_answers(answers: Answers, evaluation: str) -> pl.DataFrame:
    """The predictions of all steps on the evaluation of a name."""
    keys = {key(each) for each in answers.suite.evaluations if each.name == evaluation}
    parts = parts_of(Path(layout.answers_manifest(answers.name)))
    return _read((part for part in parts if part.evaluation in keys), layout.predictions)


def read_scores(scores: Scores) -> pl.DataFrame:
    """The scores of all steps on all evaluations."""
    return _read(parts_of(Path(layout.scores_manifest(scores.name))), layout.scores)


def _read(parts: Iterable[Part], place: Callable[[str], str]) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(place(part.name)) for part in parts])


def _write(answers: Answers, rows: Rows, place: Callable[[str], str], root: Path) -> list[Part]:
    parts = []
    for evaluation in answers.suite.evaluations:
        mine = (
            rows.filter(evaluation=evaluation.name)
            if isinstance(rows, pl.DataFrame)
            else rows[key(evaluation)]
        )
        for step in mine["step"].unique(maintain_order=True):
            folder = Path(layout.step_folder(step))
            (subject,) = answers.subjects
            (version,) = subject.versions(lambda *_, kept={step: folder}: kept)
            part = Part(version.name, key(evaluation))
            path = root / place(part.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            mine.filter(step=step).write_parquet(path)
            parts.append(part)
    return parts


def _list(stage: str, parts: list[Part], place: Callable[[str], str], path: Path) -> None:
    files = [Path(place(part.name)).relative_to("results/evaluate") for part in parts]
    content = {
        "stage": stage, "status": "done", "startup_seconds": 2.5, "work_seconds": 6.0,
        "started": "2026-01-01T00:00:00+00:00", "threads": "1", "python": "3.11.2",
        "packages": {"rankscope": "0.1.0", "torch": "2.13.0"},
        "machine": {"platform": "Linux", "cpus": 2},
        "results": {"parts": [asdict(part) for part in parts]},
        "outputs": {f"../{file}": "" for file in files},
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")
