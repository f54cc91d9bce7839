"""The learning-forgetting plane: one trace per method, from the base over the kept steps."""

from typing import Any

import altair as alt
import polars as pl

from rankscope.report.figures.figure import (
    COMPARED,
    Figure,
    Panel,
    colour,
    conditions_of,
    fade,
    rates_note,
    rows_chart,
)
from rankscope.report.methods import BASE
from rankscope.report.tables import Tables

FAR = 0.5


def plane(tables: Tables, learning: str, forgetting: str) -> Figure:
    """Draw learning against forgetting, both as change against the base."""
    rows = pl.concat(
        [_means(tables, learning, forgetting), _seeds(tables, learning, forgetting)],
        how="diagonal",
    )
    units = dict(tables.summary.select("evaluation", "unit").unique().iter_rows())
    conditions = conditions_of(tables.runs)
    x = alt.X(
        "forgotten:Q",
        title=f"forgotten: {units[forgetting]} lost on {forgetting}",
        scale=alt.Scale(padding=12),
        axis=alt.Axis(tickCount=7),
    )
    y = alt.Y(
        "learned:Q",
        title=f"learned: {units[learning]} gained on {learning}",
        scale=alt.Scale(padding=12),
        axis=alt.Axis(tickCount=7),
    )
    return Figure(
        name="plane",
        title="What was learned, and what it cost",
        caption=(
            "Each trace is one method, from the base (origin) over its kept steps to the end of"
            f" training (large): mean over seeds. {COMPARED} Small open circles are single seeds."
            " Up is better, left is better."
            f" {rates_note(tables.runs)}"
        ),
        rows=rows,
        panels=_panels(rows, x, y, colour(conditions)),
        columns=1,
    )


def _panels(rows: pl.DataFrame, x: Any, y: Any, colours: Any) -> tuple[Panel, ...]:
    """One panel; with a close-up before it where the way to the first kept step dwarfs the rest."""
    whole = _layers(x, y, colours)
    means = rows.filter(pl.col("kind") == "mean", pl.col("step") > 0)
    first = means.filter(pl.col("step") == pl.col("step").min().over("condition"))["learned"]
    last = means.filter(pl.col("last"))["learned"]
    if means["step"].n_unique() < 2 or first.to_numpy().mean() < FAR * last.to_numpy().mean():
        return (Panel("", whole),)
    x, y = x.copy(), y.copy()
    x.scale, y.scale = (alt.Scale(zero=False, padding=24) for _ in range(2))
    return (
        Panel("close-up: the kept steps, without the way from the base", _layers(x, y, colours, 1)),
        Panel("from the base", whole.properties(height=270)),
    )


def _means(tables: Tables, learning: str, forgetting: str) -> pl.DataFrame:
    def change(evaluation: str, name: str, sign: int) -> pl.DataFrame:
        ends = ("among_low", "among_high")[::sign]
        return tables.summary.filter(pl.col("evaluation") == evaluation).select(
            "condition", "rank", "step", "seeds",
            (sign * pl.col("gain") + 0.0).alias(name),
            (sign * pl.col(ends[0])).alias(f"{name}_low"),
            (sign * pl.col(ends[1])).alias(f"{name}_high"),
        )  # fmt: skip

    trained = change(learning, "learned", 1).join(
        change(forgetting, "forgotten", -1).drop("rank", "seeds"), on=["condition", "step"]
    )
    start = [
        trained.filter(pl.col("condition") == BASE).with_columns(
            condition=pl.lit(label), rank=pl.lit(rank, pl.Int64)
        )
        for label, rank in trained.filter(pl.col("condition") != BASE)
        .select("condition", "rank")
        .unique(maintain_order=True)
        .iter_rows()
    ]
    last = pl.col("step") == pl.col("step").max().over("condition")
    return (
        pl.concat([trained, *start])
        .with_columns(kind=pl.lit("mean"), last=last & (pl.col("condition") != BASE))
        .sort("condition", "step")
    )


def _seeds(tables: Tables, learning: str, forgetting: str) -> pl.DataFrame:
    runs = tables.runs.select("run", "condition", "status")
    base = dict(
        tables.scores.filter(pl.col("method") == BASE).select("evaluation", "mean").iter_rows()
    )

    def change(evaluation: str, name: str, sign: int) -> pl.DataFrame:
        rows = tables.scores.filter(pl.col("evaluation") == evaluation, pl.col("method") != BASE)
        upwards = rows["higher_is_better"].first()
        direction = sign * (1 if upwards else -1)
        return rows.select(
            "run", "rank", "seed", "step",
            (direction * (pl.col("mean") - base[evaluation])).alias(name),
        )  # fmt: skip

    learned = change(learning, "learned", 1)
    forgotten = change(forgetting, "forgotten", -1).drop("rank", "seed")
    return (
        learned.join(forgotten, on=["run", "step"])
        .join(runs, on="run")
        .drop("run")
        .with_columns(kind=pl.lit("seed"))
        .sort("condition", "seed", "step")
    )


def _layers(x: Any, y: Any, colours: Any, from_step: int = 0) -> Any:
    chart = rows_chart().transform_filter(f"datum.step >= {from_step}")
    means = chart.transform_filter("datum.kind == 'mean'")
    tooltip = [
        alt.Tooltip("condition:N"),
        alt.Tooltip("step:Q"),
        alt.Tooltip("learned:Q", format=".3f"),
        alt.Tooltip("forgotten:Q", format=".3f"),
    ]
    shared = {"color": colours, "opacity": fade()}
    traces = alt.layer(
        means.mark_line(strokeWidth=1.8).encode(
            x=x, y=y, order="step:Q", detail="condition:N", **shared
        ),
        means.mark_rule(strokeWidth=1).encode(
            x="forgotten_low:Q", x2="forgotten_high:Q", y=y, color=colours, opacity=fade(0.55)
        ),
        means.mark_rule(strokeWidth=1).encode(
            x=x, y="learned_low:Q", y2="learned_high:Q", color=colours, opacity=fade(0.55)
        ),
        chart.transform_filter("datum.kind == 'seed'")
        .mark_point(filled=False, size=16, strokeWidth=1)
        .encode(x=x, y=y, color=colours, opacity=fade(0.7), tooltip=[*tooltip, "seed:N"]),
        means.transform_filter("datum.step > 0")
        .mark_point(filled=True, size=36)
        .encode(x=x, y=y, tooltip=tooltip, **shared),
        means.transform_filter("datum.last")
        .mark_point(filled=True, size=110)
        .encode(x=x, y=y, tooltip=tooltip, **shared),
        means.transform_filter("datum.last")
        .mark_text(align="right", dx=-8, dy=-9, fontWeight=600)
        .encode(x=x, y=y, text="condition:N", **shared),
    )
    base = alt.layer(
        means.transform_filter("datum.condition == 'Base'")
        .mark_point(filled=True, size=70, shape="diamond")
        .encode(x=x, y=y, tooltip=tooltip, **shared),
        means.transform_filter("datum.condition == 'Base'")
        .mark_text(align="left", dx=9, dy=12)
        .encode(x=x, y=y, text="condition:N", **shared),
    )
    return (traces if from_step else traces + base).properties(width=560, height=420)
