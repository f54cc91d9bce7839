"""The stage function `score`: predictions in, one scored row per item and metric out.

Guarantees: reads stored predictions only, without torch; an empty table of predictions gives an
empty table of scores. The metrics themselves are those of the kinds (`evaluate.kinds`).
"""

from pathlib import Path

import polars as pl

from rankscope.artefacts.manifest import manifest
from rankscope.artefacts.reading import exists, read_parquet
from rankscope.errors import ArtefactError
from rankscope.evaluate.kind import Kind, kind_of
from rankscope.evaluate.metric import Described, Row
from rankscope.evaluate.predict import columns_of
from rankscope.evaluate.tables import SCORES
from rankscope.records.evaluations import Suite
from rankscope.records.keys import KEYS


def score(suite: Suite, predictions: Path, output: Path) -> None:
    """Write the scores of all predictions of one run; the manifest lies beside `output`.

    Raises:
        ArtefactError: the predictions are missing or were written by another version.
    """
    with manifest(
        output.with_suffix(".json"), "evaluate-score", output.stem, suite.canonical()
    ) as record:
        record.work_begins()
        rows = _read(predictions, suite)
        scored = pl.concat(
            score_rows(kind_of(each), rows.filter(pl.col("evaluation") == each.name))
            for each in suite.evaluations
        )
        record.parquet(output, scored)
        record.results = {"rows": scored.height}


def score_rows(kind: Kind, predictions: pl.DataFrame) -> pl.DataFrame:
    """Score the predictions of one evaluation of a kind, in their order.

    One row per prediction and metric that applies to it; after them, one row per task and metric of
    tasks, whose item is the task.
    """
    rows = [
        _row(row, row["item"], metric, score, metric.weight(row))
        for row in predictions.iter_rows(named=True)
        for metric in kind.METRICS
        if (score := metric.score(row)) is not None
    ]
    if kind.TASK_METRICS:
        for task in predictions.partition_by("step", "task", maintain_order=True):
            listed = task.to_dicts()
            for metric in kind.TASK_METRICS:
                asked = [row for row in listed if metric.applies(row)]
                if asked:
                    rows.append(_row(asked[0], asked[0]["task"], metric, metric.score(asked), 1.0))
    return pl.DataFrame(rows, schema=SCORES)


def _row(row: Row, item: str, metric: Described, score: float, weight: float) -> Row:
    shared = [*KEYS, "evaluation", "measures", "task", "category"]
    return (
        {column: row.get(column) for column in shared}
        | metric.columns
        | {"item": item, "score": score, "weight": weight}
    )


def _read(path: Path, suite: Suite) -> pl.DataFrame:
    if not exists(path):
        raise ArtefactError(f"{path}: no predictions to score; run `rankscope evaluate predict`")
    rows = read_parquet(path)
    if rows.schema != pl.Schema(columns_of(suite)):
        raise ArtefactError(
            f"{path}: these predictions have other columns than this version writes;"
            " delete the file and run `rankscope evaluate predict` again"
        )
    return rows
