"""What is made of all figures: files, axes, colours and captions."""

import json
import re
from types import SimpleNamespace

import pytest
from jinja2 import Template

from rankscope.report.drawing.render import (
    for_page,
)
from report_parts import SENTENCES, drawn
from synthetic_study import REPOSITORY

FIGURES = tuple(SENTENCES)


OF_ALL_SETS = ("rank-scaling", "categories", "fixed-total")


def test_every_figure_has_its_sentence_before_anything_runs(figures):
    assert set(figures) == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_every_axis_is_named(figures, name):
    for panel in figures[name].panels:
        titles = re.findall(r'"title": "([^"]+)"', json.dumps(panel.chart.to_dict()))
        assert len(titles) >= 2


@pytest.mark.parametrize("name", FIGURES)
def test_one_colour_per_method_and_none_invented(figures, name):
    allowed = {f"var({variable})" for variable in figures[name].colours} | {"var(--ink)"}
    used = set(re.findall(r"var\([^)]*\)", json.dumps(for_page(figures[name])["panels"])))
    assert used
    assert used <= allowed


def test_a_diverged_run_is_drawn_and_marked(figures):
    for name in ("trajectories", "plane", "loss"):
        assert "diverged" in figures[name].rows["status"].to_list()


def test_of_what_was_not_measured_there_is_no_figure(demo_tables):
    names = set(demo_tables.__dataclass_fields__) - {"runs"}
    empty = {name: getattr(demo_tables, name).head(0) for name in names}
    assert list(drawn(type(demo_tables)(runs=demo_tables.runs, **empty))) == []


def test_rank_plots_say_whether_the_learning_rate_was_tuned(figures):
    for name in ("plane", "intruders", "effective-rank", *OF_ALL_SETS):
        assert "Learning rates: Full" in figures[name].caption


@pytest.mark.parametrize("name", FIGURES)
def test_the_caption_for_snakemakes_report_is_valid_text(name):
    core = pytest.importorskip("docutils.core", reason="docutils comes with snakemake")
    template = (REPOSITORY / "workflow/report/figure.rst").read_text("utf-8")
    wildcards, params = SimpleNamespace(figure=name), SimpleNamespace(sentences=SENTENCES)
    given = SimpleNamespace(wildcards=wildcards, params=params)
    source = Template(template).render(snakemake=given)
    assert source.strip() == SENTENCES[name]
    settings = {"halt_level": 2, "report_level": 2}
    text = core.publish_string(source, writer="pseudoxml", settings_overrides=settings).decode()
    assert "<paragraph>" in text


def test_a_figure_of_one_training_set_says_of_which(figures_of_demo, figures_of_mixtures):
    of_one = [
        figure.caption for figure in figures_of_mixtures.values()
        if figure.panels and figure.name not in OF_ALL_SETS
    ]  # fmt: skip
    assert of_one
    assert all(caption.startswith("Of the runs trained on T*6. ") for caption in of_one)
    everything = [*figures_of_demo.values(), *(figures_of_mixtures[name] for name in OF_ALL_SETS)]
    assert not any("Of the runs" in figure.caption for figure in everything)
