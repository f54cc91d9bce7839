import json
import re
from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree

import polars as pl
import pytest
from jinja2 import Template

from rankscope.report.chapters.contents import CHAPTERS, declared
from rankscope.report.chapters.mixtures.scaling import scaling
from rankscope.report.chapters.mixtures.tables import mixture_scores
from rankscope.report.chapters.tradeoff.plane import plane
from rankscope.report.drawing.render import (
    columnar,
    for_page,
    standalone_specification,
    write_figure,
)
from rankscope.report.evidence.conditions import rates_note
from rankscope.report.evidence.gather import gather
from rankscope.report.evidence.tables import build_tables
from rankscope.studies.expand import load_study
from report_parts import drawn
from synthetic_mixtures import more_is_better, write_mixture_study, write_mixture_study_file
from synthetic_study import DEMO, REPOSITORY, write_synthetic_study

SENTENCES = {name: text for each in CHAPTERS for name, text in declared(each).sentences.items()}
FIGURES = tuple(SENTENCES)
MIXTURES = ("rank-scaling", "categories", "fixed-total")
OTHERS = ("tradeoff", "intruders", "updates", "training")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    runs = load_study(DEMO).runs
    study = write_synthetic_study(folder, diverged=runs[-1].name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return build_tables(gather(study))


@pytest.fixture(scope="module")
def of_demo(tables):
    return {figure.name: figure for figure in drawn(tables, ("code", "english"), OTHERS)}


@pytest.fixture(scope="module")
def mixtures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixtures")
    study = load_study(write_mixture_study_file(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_mixture_study(study, more_is_better)
        return build_tables(gather(study))


@pytest.fixture(scope="module")
def of_mixtures(mixtures):
    return {figure.name: figure for figure in drawn(mixtures)}


@pytest.fixture(scope="module")
def figures(of_demo, of_mixtures):
    """Every figure, drawn of a study that measured what it shows."""
    return of_demo | {name: figure for name, figure in of_mixtures.items() if name in MIXTURES}


def test_every_figure_has_its_sentence_before_anything_runs(figures):
    assert set(figures) == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_to_four_files(figures, name, tmp_path):
    write_figure(figures[name], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}{end}" for end in (".json", ".csv", ".vl.json", ".svg")
    }
    picture = ElementTree.parse(tmp_path / f"{name}.svg")
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}path"))) > 10
    assert "var(" not in (tmp_path / f"{name}.svg").read_text("utf-8")
    assert pl.read_csv(tmp_path / f"{name}.csv").height == figures[name].rows.height


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


def test_the_plane_starts_every_trace_at_the_base(figures):
    rows = figures["plane"].rows.filter(pl.col("kind") == "mean", pl.col("step") == 0)
    assert rows.height == 6
    assert rows.select("learned", "forgotten").unique().rows() == [(0.0, 0.0)]


def test_the_plane_orients_both_axes_so_that_full_learns_and_forgets_most(figures):
    last = figures["plane"].rows.filter(pl.col("last")).sort("learned")
    assert last["condition"].to_list()[-1] == "Full"
    assert last.sort("forgotten")["condition"].to_list()[-1] == "Full"
    assert (last["learned_low"] <= last["learned"]).all()
    assert (last["forgotten_high"] >= last["forgotten"]).all()


def test_intervals_of_trajectories_hold_their_mean(figures):
    rows = figures["trajectories"].rows.filter(pl.col("kind") == "mean")
    assert ((rows["low"] <= rows["mean"]) & (rows["mean"] <= rows["high"])).all()


def test_a_diverged_run_is_drawn_and_marked(figures):
    for name in ("trajectories", "plane", "loss"):
        assert "diverged" in figures[name].rows["status"].to_list()


def test_figures_of_one_matrix_offer_every_matrix(figures):
    (selector,) = figures["similarity"].selectors
    assert len(selector.options) == 28
    assert selector.chosen in selector.options
    assert {"name": "matrix", "value": selector.chosen} in standalone_specification(
        figures["similarity"]
    )["params"]


def test_of_what_was_not_measured_there_is_no_figure(tables):
    names = set(tables.__dataclass_fields__) - {"runs"}
    empty = {name: getattr(tables, name).head(0) for name in names}
    assert list(drawn(type(tables)(runs=tables.runs, **empty))) == []


def test_rows_by_column_keep_values_and_missing_ones():
    rows = pl.DataFrame({"a": ["x", None, "x"], "b": [1.0, float("nan"), 0.123456789]})
    assert columnar(rows) == {
        "a": {"levels": ["x", None], "codes": [0, 1, 0]},
        "b": [1.0, None, 0.12346],
    }


def test_rank_plots_say_whether_the_learning_rate_was_tuned(figures):
    for name in ("plane", "intruders", "effective-rank", *MIXTURES):
        assert "Learning rates: Full" in figures[name].caption


def test_rates_that_differ_by_rank_are_listed():
    runs = pl.DataFrame(
        {
            "family": ["Full", "LoRA α=2r", "LoRA α=2r"],
            "method": ["Full", "LoRA r=4", "LoRA r=16"],
            "condition": ["Full", "LoRA r=4", "LoRA r=16"],
            "rank": [None, 4, 16],
            "learning_rate": [1e-3, 3e-3, 1e-3],
            "trained_on": ["T6"] * 3,
            "treatment": ["Full", "LoRA r=4", "LoRA r=16"],
            "series": [""] * 3,
        }
    )
    listed = "Learning rates: Full 0.001, LoRA r=4 0.003, LoRA r=16 0.001; "
    assert rates_note(runs, None, "") == f"{listed}set by the study, not tuned in it."
    assert rates_note(runs, "sweep", "") == f"{listed}tuned in the study sweep."
    swept = runs.with_columns(method=pl.lit("Full"))
    several = "Learning rates: several, or several recipes, per method, each a trace; "
    assert rates_note(swept, None, "each a trace").startswith(several)
    other_set = runs.with_columns(pl.col("learning_rate") * 2, trained_on=pl.lit("T12"))
    assert "Full 0.001 or 0.002" in rates_note(pl.concat([runs, other_set]), None, "")


def test_the_rates_of_each_series_are_told_apart():
    rows = [
        ("", "Full", None, 1e-5), ("paper", "LoRA r=4", 4, 5e-5), ("paper", "LoRA r=8", 8, 5e-5),
        ("tuned", "LoRA r=4", 4, 3e-4), ("tuned", "LoRA r=8", 8, 1e-4),
    ]  # fmt: skip
    names = ["series", "method", "rank", "learning_rate"]
    runs = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        trained_on=pl.lit("T6"),
        family=pl.when(pl.col("rank").is_null()).then(pl.lit("Full")).otherwise(pl.lit("LoRA")),
        treatment=pl.format("{}, lr {}", "method", "learning_rate"),
    )
    assert rates_note(runs, None, "each a trace") == (
        "Learning rates: series paper: Full 1e-05, LoRA 5e-05 at every rank; series tuned:"
        " Full 1e-05, LoRA r=4 0.0003, LoRA r=8 0.0001; set by the study, not tuned in it."
    )


def test_one_point_per_rank_and_set_is_drawn_of_several_recipes(mixtures):
    scores = mixture_scores(mixtures.evidence)
    worse = scores.with_columns(best=pl.lit(False), label=pl.lit("slower"), mean=pl.lit(1.0))
    drawn = scaling(pl.concat([worse, scores])).rows
    keys = ["series", "trained_on", "test_kind", "metric", "rank"]
    assert not drawn.select(keys).is_duplicated().any()
    assert drawn["score"].min() > 1


def test_full_fine_tuning_stands_beyond_the_paper_too(mixtures):
    ours = {"trained_on": "T100", "mixture": "T100", "tasks": 100, "examples": 10_000}
    scores = (
        mixture_scores(mixtures.evidence)
        .filter(pl.col("trained_on") == "T12")
        .with_columns(
            **{name: pl.lit(value) for name, value in ours.items()}, collection=pl.lit("niv2")
        )
    )
    rows = scaling(scores).rows
    assert rows.filter(kind="paper")["x"].max() == 4096
    assert rows.filter(kind="full")["x"].min() > 4096


def test_a_single_sampling_is_drawn_without_a_bar(mixtures):
    alone = mixture_scores(mixtures.evidence).with_columns(
        seeds=pl.lit(1), low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64)
    )
    figure = scaling(alone)
    assert len(figure.panels) == 4
    assert figure.rows["low"].null_count() == len(figure.rows)


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


def test_the_plane_has_a_close_up_where_the_first_step_went_far(tables, figures):
    assert len(figures["plane"].panels) == 1
    far = tables.summary.with_columns(
        gain=pl.when(pl.col("step") > 0, pl.col("evaluation") == "code")
        .then(pl.col("gain") + 2)
        .otherwise(pl.col("gain"))
    )
    panels = plane(replace(tables, summary=far), "code", "english").panels
    assert [panel.title.split(":")[0] for panel in panels] == ["close-up", "from the base"]


def test_a_figure_of_one_training_set_says_of_which(of_demo, of_mixtures):
    of_one = [
        figure.caption for figure in of_mixtures.values()
        if figure.panels and figure.name not in MIXTURES
    ]  # fmt: skip
    assert of_one
    assert all(caption.startswith("Of the runs trained on T*6. ") for caption in of_one)
    everything = [*of_demo.values(), *(of_mixtures[name] for name in MIXTURES)]
    assert not any("Of the runs" in figure.caption for figure in everything)
