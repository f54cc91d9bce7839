"""Learning and forgetting over training steps: one panel per evaluation."""

import math
from dataclasses import replace
from typing import Any

import altair as alt
import polars as pl

from rankscope.records.keys import BASE
from rankscope.report.drawing.figure import (
    COMPARED,
    Figure,
    Panel,
    colour,
    extent,
    fade,
    in_panels,
    only,
    rows_chart,
)
from rankscope.report.evidence.conditions import conditions_of
from rankscope.report.evidence.tables import Tables

APART = 0.008


def trajectories(tables: Tables) -> Figure | None:
    """Draw the score of every evaluation over the kept steps, the base as the starting point.

    None for a study of mixtures that kept one step alone: a line of two points says no more than
    its scores by rank do.
    """
    main = ~pl.col("side")
    tables = replace(tables, summary=tables.summary.filter(main), scores=tables.scores.filter(main))
    steps = tables.summary.filter(pl.col("step") > 0).group_by("condition").agg(pl.col("step"))
    kept = steps["step"].list.n_unique().max()
    of_mixtures = tables.runs["mixture"].null_count() < len(tables.runs)
    if tables.summary.is_empty() or (kept == 1 and of_mixtures):
        return None
    conditions = conditions_of(tables.runs)
    evaluations = tables.summary.select("evaluation", "measures", "unit", "largest").unique(
        maintain_order=True
    )
    rows = in_panels(_rows(tables, conditions), "evaluation", evaluations["evaluation"].to_list())
    upwards = dict(tables.scores.select("evaluation", "higher_is_better").unique().iter_rows())
    return Figure(
        name="trajectories",
        title="Learning and forgetting over training",
        caption=(
            f"Mean over seeds. {COMPARED} Methods stand a little apart so that bars do not hide"
            " each other. Small open circles are single seeds, crosses runs that did not finish."
            " Dashed: the base."
        ),
        rows=rows,
        panels=tuple(
            Panel(
                f"{name} ({measures})",
                _panel(number, _title(unit, upwards[name]), _ends(rows, number, most), conditions),
            )
            for number, (name, measures, unit, most) in enumerate(evaluations.iter_rows())
        ),
    )


def _title(unit: str, upwards: bool) -> str:
    return f"{unit}, {'higher' if upwards else 'lower'} is better"


def _rows(tables: Tables, conditions: pl.DataFrame) -> pl.DataFrame:
    columns = ["evaluation", "condition", "rank", "step", "mean"]
    # the interval of the gain, around the mean: bits per byte fall where accuracy rises
    gain = pl.col("gain")
    ends = [(pl.col("mean") + _sign() * (pl.col(f"among_{end}") - gain)) for end in ("low", "high")]
    means = tables.summary.select(
        *columns,
        pl.min_horizontal(ends).alias("low"),
        pl.max_horizontal(ends).alias("high"),
        pl.lit("mean").alias("kind"),
    )
    base = means.filter(pl.col("condition") == BASE)
    starts = [
        base.with_columns(condition=pl.lit(label), rank=pl.lit(rank, pl.Int64))
        for label, rank in conditions.select("condition", "rank").iter_rows()
    ]
    last = tables.summary["step"].max()
    level = base.with_columns(step=pl.lit(last, pl.Int64))
    seeds = (
        tables.scores.filter(pl.col("family") != BASE)
        .join(tables.runs.select("run", "condition", "status"), on="run")
        .select(*columns, "seed", "status", pl.lit("seed").alias("kind"))
    )
    order = ["evaluation", "kind", "condition", "seed", "step"]
    rows = pl.concat([means, level, *starts, seeds], how="diagonal")
    place = {label: number for number, label in enumerate(conditions["condition"])}
    middle = (len(place) - 1) / 2
    apart = pl.col("condition").replace_strict(place, default=middle) - middle
    shown = pl.col("step") + pl.when(pl.col("step") > 0).then(apart * APART * last).otherwise(0.0)
    return rows.with_columns(x=shown.round(2)).sort(order, nulls_last=True, maintain_order=True)


def _sign() -> pl.Expr:
    """+1 where the mean grows with the gain, −1 where less is better."""
    risen = (pl.col("mean") - pl.col("mean").first().over("evaluation")) * pl.col("gain")
    return pl.when(risen < 0).then(-1.0).otherwise(1.0)


def _ends(rows: pl.DataFrame, panel: int, most: float | None) -> list[float]:
    """The axis of an evaluation: no score is below 0, or above `most` if that is given."""
    drawn = rows.filter(pl.col("panel") == panel).select("mean", "low", "high")
    values = (value for row in drawn.rows() for value in row)
    return extent(values, 0.0, math.inf if most is None else most)


def _panel(number: int, title: str, ends: list[float], conditions: pl.DataFrame) -> Any:
    x = alt.X(
        "x:Q", title="training step", axis=alt.Axis(tickMinStep=1), scale=alt.Scale(nice=False)
    )
    y = alt.Y("mean:Q", title=title, scale=alt.Scale(domain=ends, nice=False))
    chart = only(rows_chart(), panel=number)
    means = chart.transform_filter("datum.kind == 'mean'")
    trained = means.transform_filter("datum.condition != 'Base'")
    colours = colour(conditions)
    tooltip = ["condition:N", "step:Q", alt.Tooltip("mean:Q", format=".3f")]
    return alt.layer(
        means.transform_filter("datum.condition == 'Base'")
        .mark_line(strokeDash=[4, 4], strokeWidth=1.2)
        .encode(x=x, y=y, color=colours),
        trained.mark_line(strokeWidth=1.8).encode(x=x, y=y, color=colours, opacity=fade()),
        trained.transform_filter("datum.step > 0")
        .mark_rule(strokeWidth=1)
        .encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=colours, opacity=fade(0.55)),
        chart.transform_filter("datum.kind == 'seed'")
        .mark_point(filled=False, size=16, strokeWidth=1)
        .encode(
            x=x,
            y=y,
            color=colours,
            opacity=fade(0.7),
            shape=alt.condition("datum.status == 'done'", alt.value("circle"), alt.value("cross")),
            tooltip=[*tooltip, "seed:N", "status:N"],
        ),
        trained.transform_filter("datum.step > 0")
        .mark_point(filled=True, size=36)
        .encode(x=x, y=y, color=colours, opacity=fade(), tooltip=tooltip),
    ).properties(width=300, height=240)
