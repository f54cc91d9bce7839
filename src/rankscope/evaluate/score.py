"""The stage function `score`: predictions in, one scored row per item and metric out.

Guarantees: reads stored predictions only, without torch. What was scored by the code that lies here
now, from the predictions that lie there now, is not scored again: an edited metric re-scores its
kind alone. What was not asked has no
scores. The metrics themselves are those of the
kinds (`evaluate.kinds`).
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import polars as pl

from rankscope.artefacts import layout
from rankscope.artefacts.manifest import manifest
from rankscope.artefacts.parts import Part, is_current, list_parts, parts_of
from rankscope.artefacts.reading import exists, read_parquet, verified
from rankscope.artefacts.source_hash import source_hash
from rankscope.errors import ArtefactError
from rankscope.evaluate.kind import Kind, kind_named, module_of
from rankscope.evaluate.metric import Described, Row
from rankscope.evaluate.tables import COMMON, SCORES
from rankscope.records.evaluations import Evaluation, key
from rankscope.records.keys import KEYS


def score(name: str, answers: str, evaluations: Sequence[Evaluation], again: bool = False) -> None:
    """Write the scores of all answers to a suite, as far as they are not there.

    Args:
        name: of these scores.
        answers: name of the answers.
        evaluations: those of the suite.
        again: score also what was scored before.

    Raises:
        ArtefactError: predictions are missing or were written by another version.
    """
    asked = Path(layout.answers_manifest(answers))
    if not exists(asked):
        raise ArtefactError(f"{asked}: no predictions to score; run `rankscope evaluate predict`")
    kinds = {key(each): each.kind for each in evaluations}
    spec = {"answers": answers, "code": {kind: code_of(kind) for kind in set(kinds.values())}}
    with manifest(Path(layout.scores_manifest(name)), "evaluate-score", name, spec) as record:
        record.work_begins()
        parts = parts_of(asked)
        scored = [part for part in parts if _score(part, kinds[part.evaluation], again)]
        list_parts(record, ((part, Path(layout.scores(part.name))) for part in parts))
        record.results["scored"] = len(scored)


@cache
def code_of(kind: str) -> str:
    """Return the hash of the code that scores evaluations of a kind."""
    return source_hash(__name__, module_of(kind))


def _score(part: Part, kind: str, again: bool) -> bool:
    """Score one part; say whether that was needed."""
    predictions, path = (Path(at(part.name)) for at in (layout.predictions, layout.scores))
    spec, where = {"code": code_of(kind)}, path.with_suffix(".json")
    if not again and is_current(where, spec, {predictions.as_posix(): verified(predictions)}):
        return False
    with manifest(where, "evaluate-score", part.name, spec) as record:
        record.startup_seconds = 0.0
        scored = score_rows(kind_named(kind), _read(predictions, kind_named(kind)))
        record.parquet(path, scored)
        record.results = {"rows": scored.height}
    return True


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


def _read(path: Path, kind: Kind) -> pl.DataFrame:
    rows = read_parquet(path)
    if rows.schema != pl.Schema(COMMON | kind.COLUMNS):
        raise ArtefactError(
            f"{path}: these predictions have other columns than this version writes;"
            f" delete {path.with_suffix('.json')} and run `rankscope evaluate predict` again"
        )
    return rows
