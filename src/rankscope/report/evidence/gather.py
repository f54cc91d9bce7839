"""Reading what the other stages wrote for one study.

Guarantees: every run of the study is in `runs`, with the status of its manifest, or `missing` where
there is none; rows of a run that has no artefact of a kind are simply absent from that table. The
base is a run like any other, at step 0. Does not compute anything.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts import layout
from rankscope.artefacts.parts import Part
from rankscope.artefacts.reading import exists, is_made, read_manifest, read_parquet
from rankscope.records.evaluations import key
from rankscope.records.keys import BASE, KEYS, VERSION_KEYS
from rankscope.records.measurements import Published
from rankscope.records.runs import Run
from rankscope.records.study import Study
from rankscope.report.evidence.listed import scored
from rankscope.report.evidence.methods import (
    condition_labels,
    method_labels,
    treatment_labels,
    variant_labels,
)
from rankscope.report.evidence.training_sets import TrainingSet, training_sets
from rankscope.studies.graph import walk

logger = logging.getLogger(__name__)

MATRIX: dict[str, Any] = {"matrix": pl.String, "module_type": pl.String, "layer": pl.Int64}
SCHEMAS: dict[str, dict[str, Any]] = {
    "loss": {
        "loss": pl.Float64, "learning_rate": pl.Float64, "gradient_norm": pl.Float64,
        "tokens": pl.Int64,
    },
    "items": {
        "evaluation": pl.String, "measures": pl.String, "metric": pl.String,
        "spelling": pl.String, "higher_is_better": pl.Boolean, "unit": pl.String,
        "side": pl.Boolean, "largest": pl.Float64, "item": pl.String,
        "score": pl.Float64, "weight": pl.Float64, "task": pl.String, "category": pl.String,
    },
    "matrices": MATRIX | {
        "rows": pl.Int64, "columns": pl.Int64, "effective_rank": pl.Float64, "rank90": pl.Int64,
        "rank90_of_noise": pl.Float64, "frobenius_norm": pl.Float64, "spectral_norm": pl.Float64,
    },
    "intruders": MATRIX | {
        "side": pl.String, "k": pl.Int64, "epsilon": pl.Float64, "intruders": pl.Int64,
    },
    "vectors": MATRIX | {
        "side": pl.String, "j": pl.Int64, "sigma": pl.Float64, "max_cosine": pl.Float64,
        "base_index": pl.Int64,
    },
    "similarity": MATRIX | {
        "side": pl.String, "i": pl.Int64, "j": pl.Int64, "cosine": pl.Float64,
    },
}  # fmt: skip
# What an evaluation is called in the study, whatever the metric, and `intra` or `inter` where its
# items are those of a test set of instructions; and the sampling whose test set it is, if each has
# its own.
ASKED: dict[str, Any] = {"asked": pl.String, "test_kind": pl.String, "test_sampling": pl.Int64}
RUN_COLUMNS: dict[str, Any] = {
    "condition": pl.String, "treatment": pl.String, "series": pl.String, "trained_on": pl.String,
    "mixture": pl.String, "collection": pl.String, "tasks": pl.Int64, "examples": pl.Int64,
    "status": pl.String, "diverged_at": pl.Int64,
    "kept_steps": pl.Int64, "last_step": pl.Int64, "total_steps": pl.Int64,
    "learning_rate": pl.Float64, "alpha": pl.Float64, "trainable_parameters": pl.Int64,
    "total_parameters": pl.Int64, "trainable_percent": pl.Float64, "tokens": pl.Int64,
}  # fmt: skip


@dataclass(frozen=True)
class Gathered:
    """All rows of a study as the stages wrote them, and the manifests of its artefacts."""

    runs: pl.DataFrame
    loss: pl.DataFrame
    items: pl.DataFrame
    matrices: pl.DataFrame
    intruders: pl.DataFrame
    vectors: pl.DataFrame
    similarity: pl.DataFrame
    manifests: tuple[dict[str, Any], ...]


def gather(study: Study) -> Gathered:
    """Read every artefact of the study that exists; methods are called as the study does."""
    spectral = {
        table: _rows(
            table,
            (Path(layout.spectra(spectra.name)) / f"{table}.parquet" for spectra in study.analyses),
        )
        for table in ("matrices", "intruders", "vectors", "similarity")
    }
    losses = (Path(layout.loss_curve(run.name)) for run in study.runs)
    measured = {"loss": _rows("loss", losses), "items": _one_metric_each(_items(study)), **spectral}
    methods = method_labels(study.runs)
    own = pl.col("run").replace_strict(methods, default=pl.col("method"), return_dtype=pl.String)
    return Gathered(
        runs=_runs(study, methods),
        manifests=tuple(_manifests(study)),
        **{table: rows.with_columns(method=own) for table, rows in measured.items()},
    )


def _rows(table: str, paths: Iterable[Path]) -> pl.DataFrame:
    """Concatenate the files that exist, with the columns the report uses."""
    nothing = no_rows(table)
    schema = dict(nothing.schema)
    frames = [
        read_parquet(path, columns=list(schema)).cast(pl.Schema(schema))
        for path in paths
        if is_made(path)
    ]
    return pl.concat([nothing, *frames])


def no_rows(table: str) -> pl.DataFrame:
    """A table without any rows, with the columns the report uses."""
    return pl.DataFrame(schema=KEYS | SCHEMAS[table])


def _items(study: Study) -> pl.DataFrame:
    """Scores of all runs; the items of test sets that differ between samplings are told apart.

    What two suites share counts once.
    """
    frames = [_rows("items", ()).with_columns(**_asked("", None, None))]
    counted: set[Part] = set()
    for scores in study.scores:
        parts = scored(scores)
        for evaluation in scores.answers.suite.evaluations:
            mine = [each for each in parts if each.evaluation == key(evaluation)]
            new = [part for part in mine if part not in counted]
            counted.update(new)
            taken = _rows("items", (Path(layout.scores(part.name)) for part in new))
            data = evaluation.data
            asked = _asked(evaluation.name, data.tests, data.drawn_with)
            frames.append(taken.with_columns(**asked))
    return pl.concat(frames)


def _asked(name: str, kind: str | None, sampling: int | None) -> dict[str, pl.Expr]:
    values = zip(ASKED.items(), (name, kind, sampling), strict=True)
    return {column: pl.lit(value, dtype=dtype) for (column, dtype), value in values}


def _one_metric_each(items: pl.DataFrame) -> pl.DataFrame:
    """Make an evaluation scored by several metrics several: `task (accuracy normalised)`.

    The first metric of its kind keeps the evaluation's name, by which the headline knows it.
    """
    further = pl.col("metric") != pl.col("metric").first().over("evaluation")
    named = pl.format("{} ({})", "evaluation", "spelling")
    return items.with_columns(
        evaluation=pl.when(further).then(named).otherwise(pl.col("evaluation"))
    )


def _json(path: Path) -> dict[str, Any] | None:
    return read_manifest(path) if exists(path) else None


def _runs(study: Study, methods: Mapping[str, str]) -> pl.DataFrame:
    called = variant_labels(study)
    labels, treatments = condition_labels(study.runs, called), treatment_labels(study.runs, called)
    sets = training_sets(study.runs, _tasks_drawn, called)
    base_is_there = exists(Path(layout.base_model(study.base.name)))
    rows = [
        study.base.keys() | {
            "condition": BASE, "treatment": BASE, "series": "",
            "status": "done" if base_is_there else "missing", "kept_steps": 1, "last_step": 0,
        },
        *map(_version_row, study.versions),
        *(
            {
                "condition": labels[run.name],
                "treatment": treatments[run.name],
                "series": study.series_of(run),
            }
            | _run_row(run, sets[run.data.name])
            | {"method": methods[run.name]}
            for run in study.runs
        ),
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=VERSION_KEYS | RUN_COLUMNS)
    percent = 100 * pl.col("trainable_parameters") / pl.col("total_parameters")
    return frame.with_columns(trainable_percent=percent)


def _version_row(version: Published) -> dict[str, Any]:
    """What is known of a version that others trained: of its training nothing."""
    is_there = exists(Path(layout.version_manifest(version.name)))
    return version.keys() | {
        "condition": version.label, "treatment": version.label, "series": "",
        "status": "done" if is_there else "missing", "kept_steps": 1, "last_step": 0,
    }  # fmt: skip


def _tasks_drawn(variant: str) -> int | None:
    """Number of tasks in a mixture, as its manifest says; None if it was not drawn yet."""
    content = _json(Path(layout.data_manifest(variant)))
    return None if content is None else int(content["results"]["tasks"])


def _run_row(run: Run, training_set: TrainingSet) -> dict[str, Any]:
    manifest = _json(Path(layout.run_manifest(run.name)))
    row = run.keys() | {
        "trained_on": training_set.label,
        "mixture": training_set.mixture,
        "collection": training_set.collection,
        "tasks": training_set.tasks,
        "examples": training_set.examples,
        "learning_rate": run.recipe.learning_rate,
        "alpha": run.method.alpha_value,
        "total_steps": run.recipe.steps,
    }
    if manifest is None:
        logger.warning("run %s has no manifest: it is reported as missing", run.name)
        return row | {"status": "missing", "kept_steps": 0}
    results = manifest["results"]
    steps = results["steps"]
    taken = (
        "status", "diverged_at", "total_steps", "trainable_parameters", "total_parameters",
        "tokens",
    )  # fmt: skip
    return row | {key: results.get(key) for key in taken} | {
        "kept_steps": len(steps), "last_step": steps[-1] if steps else None,
    }  # fmt: skip


def _manifests(study: Study) -> Iterable[dict[str, Any]]:
    """Manifests of all artefacts that the study is made of, what others are made from first."""
    for record in walk(*study.sources):
        path = Path(layout.manifest_of(record.verb, record.name))
        content = _json(path)
        if content is not None and "work_seconds" in content:
            yield content | {"artefact": path.as_posix()}
