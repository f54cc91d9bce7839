"""Intruder dimensions against ε, for left and right vectors, and over training."""

from typing import Any

import altair as alt
import polars as pl

from rankscope.report.chapters.intruders.counting import Counting
from rankscope.report.drawing.figure import Figure, Panel, colour, extent, fade, only, rows_chart
from rankscope.report.evidence.conditions import conditions_of
from rankscope.report.evidence.tables import Tables

OVER_STEPS = "steps"  # the panel over training; the others are named by side


def counts(tables: Tables, summary: pl.DataFrame) -> Figure:
    """Draw the number of intruders over all matrices, as in figure 5 of *An Illusion*.

    `summary` is the table `intruder_summary` of the same runs.
    """
    counting = Counting(tables.evidence)
    k, epsilon = counting.k, counting.epsilon
    rows = _rows(tables, summary, k, epsilon)
    conditions = conditions_of(tables.runs)
    vectors = _counted(summary, k)
    at_end = _y(vectors, rows.filter(pl.col("panel") != OVER_STEPS))  # one axis for both sides
    over_steps = _y(vectors, rows.filter(pl.col("panel") == OVER_STEPS))
    of_epsilon = _x("ε", [0.0, 1.0])
    steps = _x("training step", [0.0, float(rows["step"].to_numpy().max())], tickMinStep=1)
    return Figure(
        name="intruders",
        title="Intruder dimensions",
        caption=(
            f"Leading {k} singular vectors of every tuned matrix whose cosine with every singular"
            " vector of the base matrix is below ε, summed over all matrices. Means over seeds"
            " with 95 % intervals over matrices and seeds; open circles are single"
            " seeds. The vertical axis grows with the square root."
        ),
        rows=rows,
        panels=(
            Panel("left vectors, end of training", _panel("left", of_epsilon, at_end, conditions)),
            Panel(
                "right vectors, end of training", _panel("right", of_epsilon, at_end, conditions)
            ),
            Panel(
                f"over training, left vectors, ε = {epsilon:g}",
                _panel(OVER_STEPS, steps, over_steps, conditions),
            ),
        ),
    )


def _counted(summary: pl.DataFrame, k: int) -> str:
    """What is counted, and of how many vectors where these are as many for all methods."""
    matrices = summary["matrices"].unique().to_list()
    return "intruders" + (f" of {k * matrices[0]} vectors" if len(matrices) == 1 else "")


def _rows(tables: Tables, summary: pl.DataFrame, k: int, epsilon: float) -> pl.DataFrame:
    """Rows of the three panels: `panel` names them, `x` is ε or the step."""
    keys = ["condition", "rank", "step", "side", "epsilon"]
    means = summary.filter(pl.col("k") == k).select(
        *keys, "intruders", "low", "high", pl.lit("mean").alias("kind")
    )
    runs = tables.runs.select("run", "condition", "status")
    seeds = (
        tables.intruders.filter(pl.col("k") == k)
        .group_by("run", "rank", "seed", "step", "side", "epsilon", maintain_order=True)
        .agg(pl.col("intruders").sum().cast(pl.Float64))
        .join(runs, on="run")
        .select(*keys, "intruders", "seed", "status", pl.lit("seed").alias("kind"))
    )
    rows = pl.concat([means, seeds], how="diagonal")
    at_end = rows.filter(pl.col("step") == pl.col("step").max()).with_columns(
        panel=pl.col("side"), x=pl.col("epsilon")
    )
    over_steps = rows.filter(
        pl.col("side") == "left", (pl.col("epsilon") - epsilon).abs() < 1e-9
    ).with_columns(panel=pl.lit(OVER_STEPS), x=pl.col("step").cast(pl.Float64))
    order = ["panel", "kind", "condition", "seed", "x"]
    return pl.concat([at_end, over_steps]).sort(order, nulls_last=True, maintain_order=True)


def _x(title: str, ends: list[float], **axis: Any) -> Any:
    return alt.X(
        "x:Q", title=title, axis=alt.Axis(**axis), scale=alt.Scale(domain=ends, nice=False)
    )


def _y(title: str, rows: pl.DataFrame) -> Any:
    """An axis of counts from 0 to the highest end of an interval."""
    drawn = rows.select(pl.max_horizontal("intruders", "high"))
    most = extent([0.0, *drawn.to_series()], least=0.0)[1]
    return alt.Y(
        "intruders:Q",
        title=title,
        scale=alt.Scale(type="sqrt", domain=[0.0, max(1.0, most)], nice=False),
        axis=alt.Axis(tickMinStep=1, format="d"),
    )


def _panel(panel: str, x: Any, y: Any, conditions: pl.DataFrame) -> Any:
    chart = only(rows_chart(), panel=panel)
    means = chart.transform_filter("datum.kind == 'mean'")
    colours = colour(conditions)
    tooltip = ["condition:N", alt.Tooltip("x:Q", title=x["title"]), "intruders:Q"]
    return alt.layer(
        means.mark_line(strokeWidth=1.8).encode(x=x, y=y, color=colours, opacity=fade()),
        means.mark_rule(strokeWidth=1).encode(
            x=x, y=alt.Y("low:Q"), y2="high:Q", color=colours, opacity=fade(0.55)
        ),
        chart.transform_filter("datum.kind == 'seed'")
        .mark_point(filled=False, size=16, strokeWidth=1)
        .encode(x=x, y=y, color=colours, opacity=fade(0.7), tooltip=[*tooltip, "seed:N"]),
        means.mark_point(filled=True, size=30).encode(
            x=x, y=y, color=colours, opacity=fade(), tooltip=tooltip
        ),
    ).properties(width=300, height=240)
