"""The plane of learning and forgetting, on a synthetic study whose order is known."""

from dataclasses import replace

import polars as pl
import pytest

from rankscope.report.chapters.tradeoff.plane import plane
from rankscope.report.drawing.figure import Figure


@pytest.fixture(scope="module")
def figure(demo_tables) -> Figure:
    return plane(demo_tables, "code", "english", demo_tables.summary.clear())


def test_the_plane_starts_every_trace_at_the_base(figure):
    rows = figure.rows.filter(pl.col("kind") == "mean", pl.col("step") == 0)
    assert rows.height == 6
    assert rows.select("learned", "forgotten").unique().rows() == [(0.0, 0.0)]


def test_the_plane_orients_both_axes_so_that_full_learns_and_forgets_most(figure):
    last = figure.rows.filter(pl.col("last")).sort("learned")
    assert last["condition"].to_list()[-1] == "Full"
    assert last.sort("forgotten")["condition"].to_list()[-1] == "Full"
    assert (last["learned_low"] <= last["learned"]).all()
    assert (last["forgotten_high"] >= last["forgotten"]).all()


def test_the_plane_has_a_close_up_where_the_first_step_went_far(demo_tables, figure):
    assert len(figure.panels) == 1
    far = demo_tables.summary.with_columns(
        gain=pl.when(pl.col("step") > 0, pl.col("evaluation") == "code")
        .then(pl.col("gain") + 2)
        .otherwise(pl.col("gain"))
    )
    panels = plane(replace(demo_tables, summary=far), "code", "english", far.clear()).panels
    assert [panel.title.split(":")[0] for panel in panels] == ["close-up", "from the base"]
