"""Numbers of intruders as drawn, on evidence written by hand."""

import pytest

from claims_evidence import spectral
from evidence_builder import tables_of
from rankscope.report.chapters.intruders.counts import OVER_STEPS, counts
from rankscope.report.chapters.intruders.summary import intruder_summary
from rankscope.report.drawing.figure import Figure


@pytest.fixture(scope="module")
def figure() -> Figure:
    builder = spectral({None: [0, 0], 1: [3, 2]})
    for seed, more in enumerate((0, 2)):
        builder.intruders(f"LoRA r=1 0.001 {seed} code", 20, [4, 3 + more])
        builder.intruders(f"Full 0.001 {seed} code", 20, [0, 0])
    tables = tables_of(builder)
    return counts(tables, intruder_summary(tables.evidence))


def test_intruders_are_summed_over_matrices(figure):
    single = figure.rows.filter(kind="seed", condition="LoRA r=1", panel="left").sort("seed")
    assert single["intruders"].to_list() == [7, 9]
    (mean,) = figure.rows.filter(kind="mean", condition="LoRA r=1", panel="left").to_dicts()
    assert mean["intruders"] == 8
    assert mean["low"] <= 8 <= mean["high"]


def test_two_panels_stand_at_the_end_of_training_and_one_over_it(figure):
    at_end = figure.rows.filter(panel="left")
    assert set(at_end["step"]) == {20}
    assert at_end["x"].to_list() == at_end["epsilon"].to_list()
    over = figure.rows.filter(panel=OVER_STEPS, kind="mean", condition="LoRA r=1")
    assert over.select("x", "intruders").rows() == [(10, 5), (20, 8)]
    assert figure.panels[2].title == "over training, left vectors, ε = 0.5"


def test_axes_of_both_sides_are_one_and_say_of_how_many_vectors(figure):
    left, right, _ = (panel.chart.to_dict()["layer"][0]["encoding"] for panel in figure.panels)
    assert left["y"] == right["y"]
    assert left["y"]["title"] == "intruders of 20 vectors"  # 10 of each of two matrices
    assert left["y"]["scale"]["domain"][0] == 0
    assert left["y"]["scale"]["domain"][1] >= figure.rows["high"].max()
    assert left["x"]["scale"]["domain"] == [0, 1]


def test_where_methods_changed_different_matrices_no_one_number_is_named():
    tables = tables_of(spectral({None: [0, 0, 0], 1: [3, 2]}))
    drawn = counts(tables, intruder_summary(tables.evidence))
    titles = {panel.chart.to_dict()["layer"][0]["encoding"]["y"]["title"] for panel in drawn.panels}
    assert titles == {"intruders"}
