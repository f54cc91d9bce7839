"""Loss curves as drawn, on curves whose means follow on paper."""

from dataclasses import replace

import polars as pl
import pytest

from evidence_builder import EvidenceBuilder, tables_of
from rankscope.report.chapters.training.loss import POINTS, loss
from rankscope.report.evidence.tables import Tables


def tables(curves: dict[tuple[int, str], list[float]]) -> Tables:
    """Runs of one method by seed and status, with the loss of every step from 1."""
    builder = EvidenceBuilder()
    rows = [
        {"run": run, "rank": 4, "seed": seed, "step": step, "loss": value}
        for (seed, status), curve in curves.items()
        for run in [builder.run(4, seed, status=status)]
        for step, value in enumerate(curve, 1)
    ]
    return replace(tables_of(builder), loss=pl.DataFrame(rows))


def test_a_short_curve_is_drawn_step_by_step():
    rows = loss(tables({(0, "done"): [3.0, 2.0, 1.0]}), "token").rows
    assert rows.select("step", "loss", "end").rows() == [
        (1, 3.0, False), (2, 2.0, False), (3, 1.0, True),
    ]  # fmt: skip


@pytest.mark.parametrize("steps", [2 * POINTS, 2 * POINTS - 1])
def test_each_point_of_a_long_one_is_the_mean_of_a_stretch(steps):
    rows = loss(tables({(0, "done"): [float(step) for step in range(1, steps + 1)]}), "token").rows
    assert rows.height == POINTS
    assert rows["loss"].to_list()[:3] == [1.5, 3.5, 5.5]
    assert rows["step"].to_list()[-1] == steps


def test_the_axis_is_that_of_the_runs_that_finished_and_a_cross_stays_on_it():
    curves = {(0, "done"): [3.0, 1.0], (1, "diverged"): [3.0, 90.0, float("nan")]}
    figure = loss(tables(curves), "token")
    line, cross = figure.panels[0].chart.to_dict()["layer"]
    low, high = line["encoding"]["y"]["scale"]["domain"]
    assert 0 <= low < 1.0
    assert 3.0 < high < 4.0
    (end,) = figure.rows.filter(status="diverged", end=True).to_dicts()
    assert (end["step"], end["loss"], end["mark"]) == (2, 90.0, high)
    assert cross["encoding"]["y"]["field"] == "mark"
    finished = cross["encoding"]["size"]["condition"]
    assert finished == {"test": "datum.status == 'done'", "value": 0}


def test_where_no_run_finished_the_axis_is_that_of_all():
    figure = loss(tables({(0, "diverged"): [3.0, 9.0]}), "masked token")
    line, _ = figure.panels[0].chart.to_dict()["layer"]
    assert line["encoding"]["y"]["scale"]["domain"][1] > 9.0
    assert line["encoding"]["y"]["title"] == "training loss (nats per masked token)"
