"""The figure with rank on its axis, on evidence whose numbers are known."""

import polars as pl
import pytest

from evidence_builder import EvidenceBuilder, learning_and_forgetting, tables_of
from rankscope.report.chapters.tradeoff.by_rank import beyond, by_rank, traces_of
from report_parts import said

HEADLINE = ("code", "english")
TRACES = {
    None: ({5: 0.25, 10: 0.5}, {5: 0.125, 10: 0.25}),
    2: ({5: 0.125, 10: 0.25}, {5: 0.0, 10: 0.0625}),
    16: ({5: 0.25, 10: 0.375}, {5: 0.0, 10: -0.125}),
}


def figure(builder: EvidenceBuilder):
    return by_rank(tables_of(builder), HEADLINE)


def ends(drawn, evaluation: str, kind: str = "mean") -> dict:
    rows = drawn.rows.filter(pl.col("evaluation") == evaluation, pl.col("kind") == kind)
    return {row["rank"]: row for row in rows.iter_rows(named=True)}


def layers(panel) -> list[dict]:
    return panel.chart.to_dict()["layer"]


def test_the_end_of_training_is_drawn_with_what_is_lost_counted_upwards():
    drawn = figure(learning_and_forgetting(TRACES))
    for place, evaluation in enumerate(HEADLINE):
        found = ends(drawn, evaluation)
        assert {rank: row["change"] for rank, row in found.items()} == {
            rank: trace[place][10] for rank, trace in TRACES.items()
        }
        assert all(row["low"] <= row["change"] <= row["high"] for row in found.values())


def test_the_headline_comes_first_and_learning_is_told_from_forgetting():
    builder = learning_and_forgetting(TRACES)
    for name in (row["run"] for row in list(builder._runs)):
        builder.scores(name, "also", {0 if name == "base" else 10: [0.5]}, "forgetting")
    drawn = by_rank(tables_of(builder), ("english", "code"))
    assert [panel.title for panel in drawn.panels] == [
        "forgotten: english", "learned: code", "forgotten: also",
    ]  # fmt: skip


def test_the_mean_of_single_seeds_is_the_mean_that_the_summary_has():
    """Seeds are computed from items and weights, means by the resampling: two ways, one number."""
    builder = EvidenceBuilder()
    weights = [1.0, 3.0, 2.0]
    builder.scores("base", "english", {0: [2.5, 2.25, 3.0]}, "forgetting", False, weights)
    scores = {2: ([2.0, 3.5, 3.0], [2.75, 2.5, 3.0]), None: ([4.0, 3.5, 3.0], [3.5, 3.0, 2.0])}
    for rank, seeds in scores.items():
        for seed, values in enumerate(seeds):
            run = builder.run(rank, seed)
            builder.scores(run, "english", {7: values}, "forgetting", False, weights)
    drawn = figure(builder)
    lost = {
        rank: [
            sum((b - a) * w for a, b, w in zip([2.5, 2.25, 3.0], seed, weights, strict=True)) / 6
            for seed in seeds
        ]
        for rank, seeds in scores.items()
    }
    for rank, row in ends(drawn, "english").items():
        assert row["change"] == pytest.approx(sum(lost[rank]) / 2)
    singles = drawn.rows.filter(kind="seed").sort("rank", "seed", nulls_last=True)
    assert singles["change"].to_list() == pytest.approx([*lost[2], *lost[None]])


def test_ranks_stand_on_a_logarithmic_axis_and_full_fine_tuning_beyond_them():
    drawn = figure(learning_and_forgetting(TRACES))
    found = ends(drawn, "code")
    assert [found[rank]["x"] for rank in (2, 16, None)] == [2, 16, 128]
    for panel in drawn.panels:
        axes = [layer["encoding"]["x"] for layer in layers(panel) if "x" in layer["encoding"]]
        assert all(axis["scale"]["type"] == "log" for axis in axes)
        assert all(axis["axis"]["values"] == [2, 16, 128] for axis in axes)
        assert all(axis["scale"]["domain"][0] < 2 for axis in axes)
        assert all(axis["scale"]["domain"][1] > 128 for axis in axes)


def test_full_fine_tuning_is_a_band_across_the_panel():
    for panel in figure(learning_and_forgetting(TRACES)).panels:
        (band,) = (layer for layer in layers(panel) if layer["mark"]["type"] == "rect")
        assert "x" not in band["encoding"]
        assert [band["encoding"][end]["field"] for end in ("y", "y2")] == ["low", "high"]
        assert {"filter": "datum.family == 'Full'"} in band["transform"]


def test_the_base_is_on_the_axis_unless_that_would_squeeze_the_rest():
    def domain(changes: dict) -> list[float]:
        traces = {rank: ({5: change}, {5: 0.0}) for rank, change in changes.items()}
        (encoding, *_) = (
            layer["encoding"]["y"]
            for layer in layers(figure(learning_and_forgetting(traces)).panels[0])
        )
        return encoding["scale"]["domain"]

    assert domain({None: 0.5, 2: 0.25, 4: 0.375})[0] < 0
    low, high = domain({None: 0.75, 2: 0.625, 4: 0.6875})
    assert 0.5 < low < 0.625
    assert 0.75 < high < 1


@pytest.mark.parametrize("traces", [{2: TRACES[2]}, {None: TRACES[None], 2: TRACES[2]}])
def test_one_rank_is_enough(traces):
    drawn = figure(learning_and_forgetting(traces))
    assert len(drawn.panels) == 2
    assert set(ends(drawn, "code")) == set(traces)


def test_without_lora_there_is_nothing_to_draw_over_ranks():
    assert figure(learning_and_forgetting({None: TRACES[None]})) is None


@pytest.mark.parametrize("status", ["diverged", "missing", "out-of-memory"])
def test_a_run_that_did_not_finish_is_a_cross_at_its_rank_and_in_no_mean(status):
    builder = learning_and_forgetting(TRACES)
    lost = builder.run(16, 7, status=status)
    never = builder.run(64, 0, status=status)
    for evaluation, measures in zip(HEADLINE, ("learning", "forgetting"), strict=True):
        builder.scores(lost, evaluation, {5: [9.0] * 30}, measures)
    drawn = figure(builder)
    crosses = drawn.rows.filter(kind="unfinished")
    assert set(crosses.select("evaluation", "rank", "seed", "status").rows()) == {
        (evaluation, rank, seed, status)
        for evaluation in HEADLINE
        for rank, seed in ((16, 7), (64, 0))
    }
    assert crosses["change"].null_count() == len(crosses)
    assert ends(drawn, "code")[16]["change"] == TRACES[16][0][10]
    assert 64 not in ends(drawn, "code")
    assert "did not finish" in drawn.caption
    assert never


def test_a_series_is_one_trace_whatever_rates_its_ranks_have():
    builder = EvidenceBuilder()
    builder.scores("base", "code", {0: [0.0] * 4})
    rates = {("paper", 4): 5e-5, ("paper", 8): 5e-5, ("tuned", 4): 3e-4, ("tuned", 8): 1e-4}
    for (series, rank), rate in rates.items():
        builder.scores(builder.run(rank, 0, rate=rate, series=series), "code", {5: [rate] * 4})
    tables = tables_of(builder)
    drawn = by_rank(tables, HEADLINE)
    means = drawn.rows.filter(kind="mean")
    assert set(means.select("trace", "rank").rows()) == set(rates)
    assert [key.label for key in drawn.keys] == ["paper", "tuned"]
    (content,) = said(tables, of=["tradeoff"]).values()
    assert {key.variable for key in drawn.keys} == set(content.colours)
    assert means["x"].n_unique() == 4  # side by side: no bar hides another


def test_several_recipes_of_a_rank_are_traces_of_their_own():
    rows = [
        ("LoRA r=4, lr 0.001", "LoRA r=4", 4, ""), ("LoRA r=4, lr 0.01", "LoRA r=4", 4, ""),
        ("LoRA r=8, lr 0.001", "LoRA r=8", 8, ""), ("LoRA r=8, lr 0.01", "LoRA r=8", 8, ""),
        ("LoRA r=4", "LoRA r=4", 4, "other"), ("Full", "Full", None, ""),
    ]  # fmt: skip
    runs = pl.DataFrame(rows, schema=["condition", "method", "rank", "series"], orient="row")
    runs = runs.with_columns(
        family=pl.when(pl.col("rank").is_null()).then(pl.lit("Full")).otherwise(pl.lit("LoRA"))
    )
    assert dict(traces_of(runs).rows()) == {
        "LoRA r=4, lr 0.001": "lr 0.001", "LoRA r=4, lr 0.01": "lr 0.01",
        "LoRA r=8, lr 0.001": "lr 0.001", "LoRA r=8, lr 0.01": "lr 0.01", "LoRA r=4": "other",
    }  # fmt: skip


def test_full_fine_tuning_stands_one_step_of_the_ranks_further():
    assert beyond([1, 4, 16, 64]) == 256
    assert beyond([2, 4, 8]) == 16
    assert beyond([8]) == 32
    assert beyond([255, 256]) == 512
