"""Scores against rank and number of tasks, as drawn."""

import polars as pl

from rankscope.report.chapters.mixtures.scaling import scaling
from rankscope.report.chapters.mixtures.tables import mixture_scores


def test_one_point_per_rank_and_set_is_drawn_of_several_recipes(mixture_tables):
    scores = mixture_scores(mixture_tables.evidence)
    worse = scores.with_columns(best=pl.lit(False), label=pl.lit("slower"), mean=pl.lit(1.0))
    drawn = scaling(pl.concat([worse, scores])).rows
    keys = ["series", "trained_on", "test_kind", "metric", "rank"]
    assert not drawn.select(keys).is_duplicated().any()
    assert drawn["score"].min() > 1


def test_full_fine_tuning_stands_beyond_the_paper_too(mixture_tables):
    ours = {"trained_on": "T100", "mixture": "T100", "tasks": 100, "examples": 10_000}
    scores = (
        mixture_scores(mixture_tables.evidence)
        .filter(pl.col("trained_on") == "T12")
        .with_columns(
            **{name: pl.lit(value) for name, value in ours.items()}, collection=pl.lit("niv2")
        )
    )
    rows = scaling(scores).rows
    assert rows.filter(kind="paper")["x"].max() == 4096
    assert rows.filter(kind="full")["x"].min() > 4096


def test_a_single_sampling_is_drawn_without_a_bar(mixture_tables):
    alone = mixture_scores(mixture_tables.evidence).with_columns(
        seeds=pl.lit(1), low=pl.lit(None, pl.Float64), high=pl.lit(None, pl.Float64)
    )
    figure = scaling(alone)
    assert len(figure.panels) == 4
    assert figure.rows["low"].null_count() == len(figure.rows)
