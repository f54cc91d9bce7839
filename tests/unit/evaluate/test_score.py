"""From stored predictions to rows of scores, for kinds written here."""

from types import SimpleNamespace

import polars as pl

from rankscope.evaluate.metric import Metric, TaskMetric
from rankscope.evaluate.score import score_rows
from rankscope.evaluate.tables import COMMON, SCORES

KEYS = {
    "run": "lora-r4-0", "base": "b", "data": "d", "method": "LoRA r=4",
    "rank": 4, "seed": 0, "step": 25, "evaluation": "e", "kind": "k", "measures": "learning",
}  # fmt: skip
COLUMNS = {"value": pl.Float64, "task": pl.String}


def metric(name, score, **options):
    return Metric(name=name, unit="u", higher_is_better=True, score=score, **options)


def kind(*metrics, tasks=()):
    return SimpleNamespace(COLUMNS=COLUMNS, METRICS=metrics, TASK_METRICS=tasks)


def predictions(*rows):
    schema = COMMON | COLUMNS
    return pl.DataFrame([KEYS | row for row in rows], schema=schema)


def test_every_item_gets_a_row_for_each_metric_that_applies_to_it():
    value = metric("value", lambda row: row["value"], weight=lambda row: 2.0)
    small = metric("small", lambda row: 1.0 if row["value"] < 5 else None, side=True)
    rows = predictions({"item": "a", "value": 7.0}, {"item": "b", "value": 1.0})
    scores = score_rows(kind(value, small), rows)
    assert scores.schema == pl.Schema(SCORES)
    assert scores.select("item", "metric", "score", "weight", "side").rows() == [
        ("a", "value", 7.0, 2.0, False),
        ("b", "value", 1.0, 2.0, False),
        ("b", "small", 1.0, 1.0, True),
    ]
    assert scores["rank"].to_list() == [4, 4, 4]
    assert scores["evaluation"].unique().to_list() == ["e"]


def test_a_task_is_one_row_after_the_items():
    most = TaskMetric(
        name="most", unit="u", higher_is_better=True,
        score=lambda rows: max(row["value"] for row in rows),
        applies=lambda row: row["value"] > 0,
    )  # fmt: skip
    rows = predictions(
        {"item": "t/1", "value": 3.0, "task": "t"},
        {"item": "u/1", "value": -1.0, "task": "u"},
        {"item": "t/2", "value": 4.0, "task": "t"},
        {"item": "v/1", "value": -2.0, "task": "v"},
        {"item": "v/2", "value": 1.0, "task": "v"},
    )
    scores = score_rows(kind(metric("one", lambda row: 1.0), tasks=(most,)), rows)
    assert scores["metric"].to_list() == ["one"] * 5 + ["most"] * 2
    assert scores.tail(2).select("item", "task", "score").rows() == [
        ("t", "t", 4.0),
        ("v", "v", 1.0),
    ]


def test_no_predictions_give_an_empty_table_of_scores():
    scores = score_rows(kind(metric("one", lambda row: 1.0)), predictions())
    assert scores.is_empty()
    assert scores.schema == pl.Schema(SCORES)
