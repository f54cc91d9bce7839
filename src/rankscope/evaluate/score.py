"""The stage function `score`: predictions in, one scored row per item and metric out.

Guarantees: reads stored predictions only, without torch; an empty table of predictions gives an
empty table of scores. The metrics themselves are in `metrics`.
"""

from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts.manifest import manifest
from rankscope.artefacts.reading import exists, read_parquet
from rankscope.errors import ArtefactError
from rankscope.evaluate.metrics import METRICS, TASK_METRICS, Metric, TaskMetric
from rankscope.evaluate.tables import KEYS, PREDICTIONS, SCORES
from rankscope.records.evaluations import Suite


def score(suite: Suite, run: str, predictions: Path, output: Path) -> None:
    """Write the scores of all predictions of one run; the manifest lies beside `output`.

    Raises:
        ArtefactError: the predictions are missing or were written by another version.
    """
    with manifest(
        output.with_suffix(".json"), "evaluate-score", f"{run}.{suite.name}", suite.canonical()
    ) as record:
        record.work_begins()
        scored = score_rows(_read(predictions))
        record.parquet(output, scored)
        record.results = {"rows": scored.height}


def score_rows(predictions: pl.DataFrame) -> pl.DataFrame:
    """Return one row per prediction and metric that applies to it, in the order of `predictions`.

    After them, one row per classification task and `TaskMetric`; its item is the task.
    """
    rows = [
        _row(row, row["item"], metric, score, metric.weight(row))
        for row in predictions.iter_rows(named=True)
        for metric in METRICS[row["kind"]]
        if (score := metric.score(row)) is not None
    ]
    labelled = predictions.filter(pl.col("options").is_not_null())
    for task in labelled.partition_by("step", "evaluation", "task", maintain_order=True):
        listed = task.to_dicts()
        rows += [
            _row(listed[0], listed[0]["task"], metric, metric.score(listed), 1.0)
            for metric in TASK_METRICS[listed[0]["kind"]]
        ]
    return pl.DataFrame(rows, schema=SCORES)


def _row(
    row: dict[str, Any], item: str, metric: Metric | TaskMetric, score: float, weight: float
) -> dict[str, Any]:
    shared = [*KEYS, "evaluation", "measures", "task", "category"]
    return {column: row[column] for column in shared} | {
        "item": item,
        "metric": metric.name,
        "unit": metric.unit,
        "higher_is_better": metric.higher_is_better,
        "score": score,
        "weight": weight,
    }


def _read(path: Path) -> pl.DataFrame:
    if not exists(path):
        raise ArtefactError(f"{path}: no predictions to score; run `rankscope evaluate predict`")
    rows = read_parquet(path)
    if rows.schema != pl.Schema(PREDICTIONS):
        raise ArtefactError(
            f"{path}: these predictions have other columns than this version writes;"
            " delete the file and run `rankscope evaluate predict` again"
        )
    return rows
