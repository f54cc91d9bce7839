"""Every kind of evaluation that a study file can name has a module with the same interface."""

import inspect
import subprocess
import sys
from typing import get_args

import polars as pl
import pytest

from rankscope.evaluate.kind import Kind, kind_named, module_of
from rankscope.evaluate.metric import Metric, TaskMetric
from rankscope.evaluate.tables import COMMON, SCORES
from rankscope.records.evaluations import Evaluation

RECORDS = {
    get_args(record.model_fields["kind"].annotation)[0]: record
    for record in get_args(get_args(Evaluation)[0])
}


@pytest.mark.parametrize("kind", RECORDS)
def test_a_kind_is_a_module_of_its_name(kind: str) -> None:
    module = kind_named(kind)
    assert module.__name__.endswith(f".kinds.{kind.replace('-', '_')}")
    parameters = list(inspect.signature(module.prepare).parameters)
    assert parameters == list(inspect.signature(Kind.prepare).parameters)[1:]
    assert pl.DataFrame(schema=module.COLUMNS).columns == list(module.COLUMNS)
    assert not set(module.COLUMNS) & set(COMMON)


@pytest.mark.parametrize("kind", RECORDS)
def test_the_metrics_of_a_kind_have_names_of_their_own(kind: str) -> None:
    module = kind_named(kind)
    assert module.METRICS
    assert all(isinstance(each, Metric) for each in module.METRICS)
    assert all(isinstance(each, TaskMetric) for each in module.TASK_METRICS)
    metrics = [*module.METRICS, *module.TASK_METRICS]
    assert len({each.name for each in metrics}) == len(metrics)
    assert all(set(each.columns) <= set(SCORES) for each in metrics)
    assert not module.METRICS[0].side
    if module.TASK_METRICS:
        assert "task" in module.COLUMNS


@pytest.mark.parametrize("kind", RECORDS)
def test_the_record_says_the_unit_of_the_first_metric(kind: str) -> None:
    unit = RECORDS[kind].unit
    assert kind_named(kind).METRICS[0].unit == unit


def test_no_kind_imports_torch_before_it_is_asked() -> None:
    modules = ", ".join(module_of(kind) for kind in RECORDS)
    code = f"import {modules}, sys; assert not {{'torch', 'transformers'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
