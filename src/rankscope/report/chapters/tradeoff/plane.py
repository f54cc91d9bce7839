"""The learning-forgetting plane: one trace per method, from the base over the kept steps."""

from typing import Any

import altair as alt
import polars as pl

from rankscope.records.keys import BASE, PUBLISHED
from rankscope.report.drawing.colours import variable
from rankscope.report.drawing.figure import (
    COMPARED,
    MARGIN,
    Figure,
    Panel,
    colour,
    extent,
    fade,
    rows_chart,
)
from rankscope.report.evidence.conditions import conditions_of
from rankscope.report.evidence.tables import Tables

FAR = 0.5
BELOW_BASE = 0.1  # of an axis: room for the name of the base


def plane(tables: Tables, learning: str, forgetting: str, published: pl.DataFrame) -> Figure:
    """Draw learning against forgetting, both as change against the base.

    `published` are rows of the summary: of versions that others trained, each a square.
    """
    means = _means(tables.summary, learning, forgetting)
    others = _changes(published, learning, forgetting).with_columns(kind=pl.lit("published"))
    parts = [means, _seeds(tables, learning, forgetting), *([] if others.is_empty() else [others])]
    rows = pl.concat(parts, how="diagonal")
    units = dict(tables.summary.select("evaluation", "unit").unique().iter_rows())
    conditions = conditions_of(tables.runs)
    x = alt.X("forgotten:Q", title=f"forgotten: {units[forgetting]} lost")
    y = alt.Y("learned:Q", title=f"learned: {units[learning]} gained")
    names = f"learned on {learning}, forgotten on {forgetting}"
    return Figure(
        name="plane",
        title="What was learned, and what it cost",
        caption=(
            "Each trace is one method, from the base (origin) over its kept steps to the end of"
            f" training (large): mean over seeds. {COMPARED} Small open circles are single seeds."
            " Up is better, left is better."
            + ("" if others.is_empty() else " Squares are versions that others trained.")
        ),
        rows=rows,
        panels=_panels(rows, names, x, y, colour(conditions)),
        columns=1,
    )


def _panels(rows: pl.DataFrame, names: str, x: Any, y: Any, colours: Any) -> tuple[Panel, ...]:
    """One panel; with a close-up before it where the way to the first kept step dwarfs the rest."""
    means = rows.filter(pl.col("kind") == "mean", pl.col("step") > 0)
    first = means.filter(pl.col("step") == pl.col("step").min().over("condition"))["learned"]
    last = means.filter(pl.col("last"))["learned"]
    far_x, far_y = _within(rows, x, y, BELOW_BASE)
    whole = _traces(far_x, far_y, colours) + _base(far_x, far_y, colours)
    if not rows.filter(pl.col("kind") == "published").is_empty():
        whole += _published(far_x, far_y)
    if means["step"].n_unique() < 2 or first.to_numpy().mean() < FAR * last.to_numpy().mean():
        named = whole + _names(far_x, far_y, colours)
        return (Panel(names, named.properties(width=560, height=420)),)
    kept = rows.filter(pl.col("step") > 0)
    near_x, near_y = _within(kept, x, y)
    close_up = _traces(near_x, near_y, colours, from_step=1) + _names(near_x, near_y, colours)
    return (
        Panel(
            f"close-up: {names}",
            close_up.properties(width=560, height=420),
        ),
        Panel(f"from the base: {names}", whole.properties(width=560, height=320)),
    )


def _within(rows: pl.DataFrame, x: Any, y: Any, margin: float = MARGIN) -> tuple[Any, Any]:
    """The two axes, with ends that hold everything that is drawn of the rows."""
    placed = []
    for axis, name in ((x, "forgotten"), (y, "learned")):
        drawn = rows.select(name, f"{name}_low", f"{name}_high")
        axis = axis.copy()
        ends = extent((value for row in drawn.rows() for value in row), margin=margin)
        axis.scale = alt.Scale(domain=ends, nice=False)
        placed.append(axis)
    return placed[0], placed[1]


def _changes(summary: pl.DataFrame, learning: str, forgetting: str) -> pl.DataFrame:
    """What was learned and forgotten, by condition and step."""

    def change(evaluation: str, name: str, sign: int) -> pl.DataFrame:
        ends = ("among_low", "among_high")[::sign]
        return summary.filter(pl.col("evaluation") == evaluation).select(
            "condition", "rank", "step", "seeds",
            (sign * pl.col("gain") + 0.0).alias(name),
            (sign * pl.col(ends[0])).alias(f"{name}_low"),
            (sign * pl.col(ends[1])).alias(f"{name}_high"),
        )  # fmt: skip

    return change(learning, "learned", 1).join(
        change(forgetting, "forgotten", -1).drop("rank", "seeds"), on=["condition", "step"]
    )


def _means(summary: pl.DataFrame, learning: str, forgetting: str) -> pl.DataFrame:
    trained = _changes(summary, learning, forgetting)
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
        tables.scores.filter(pl.col("family") == BASE).select("evaluation", "mean").iter_rows()
    )

    def change(evaluation: str, name: str, sign: int) -> pl.DataFrame:
        rows = tables.scores.filter(pl.col("evaluation") == evaluation, pl.col("family") != BASE)
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


def _tooltip() -> list[Any]:
    return [
        alt.Tooltip("condition:N"),
        alt.Tooltip("step:Q"),
        alt.Tooltip("learned:Q", format=".3f"),
        alt.Tooltip("forgotten:Q", format=".3f"),
    ]


def _traces(x: Any, y: Any, colours: Any, from_step: int = 0) -> Any:
    """Traces with intervals, seeds, and a large point at the end of training."""
    chart = rows_chart().transform_filter(f"datum.step >= {from_step}")
    means = chart.transform_filter("datum.kind == 'mean'")
    shared = {"x": x, "y": y, "color": colours, "opacity": fade()}
    faint = {"color": colours, "opacity": fade(0.55)}
    trained = means.transform_filter("datum.step > 0")
    return alt.layer(
        means.mark_line(strokeWidth=1.8).encode(order="step:Q", detail="condition:N", **shared),
        means.mark_rule(strokeWidth=1).encode(
            x="forgotten_low:Q", x2="forgotten_high:Q", y=y, **faint
        ),
        means.mark_rule(strokeWidth=1).encode(x=x, y="learned_low:Q", y2="learned_high:Q", **faint),
        chart.transform_filter("datum.kind == 'seed'")
        .mark_point(filled=False, size=16, strokeWidth=1)
        .encode(x=x, y=y, color=colours, opacity=fade(0.7), tooltip=[*_tooltip(), "seed:N"]),
        trained.mark_point(filled=True, size=36).encode(tooltip=_tooltip(), **shared),
        trained.transform_filter("datum.last")
        .mark_point(filled=True, size=110)
        .encode(tooltip=_tooltip(), **shared),
    )


def _names(x: Any, y: Any, colours: Any) -> Any:
    """The name of each method at the end of its trace, on the side with room for it."""
    left, right = x["scale"]["domain"]
    ends = rows_chart().transform_filter("datum.kind == 'mean' && datum.last")
    shared = {"x": x, "y": y, "text": "condition:N", "color": colours, "opacity": fade()}
    near = left + (right - left) / 6  # too near the edge for a name on its left
    return alt.layer(
        ends.transform_filter(f"datum.forgotten >= {near}")
        .mark_text(align="right", dx=-8, dy=-9, fontWeight=600)
        .encode(**shared),
        ends.transform_filter(f"datum.forgotten < {near}")
        .mark_text(align="left", dx=9, dy=-9, fontWeight=600)
        .encode(**shared),
    )


def _base(x: Any, y: Any, colours: Any) -> Any:
    """The base, where every trace begins."""
    base = rows_chart().transform_filter("datum.condition == 'Base'")
    shared = {"x": x, "y": y, "color": colours}
    return alt.layer(
        base.mark_point(filled=True, size=70, shape="diamond").encode(**shared),
        base.mark_text(align="left", dx=9, dy=12).encode(text="condition:N", **shared),
    )


def _published(x: Any, y: Any) -> Any:
    """What others trained: a point each, with its name."""
    points = rows_chart().transform_filter("datum.kind == 'published'")
    shared = {"x": x, "y": y, "color": alt.value(f"var({variable(PUBLISHED, None)})")}
    return alt.layer(
        points.mark_point(filled=True, size=80, shape="square").encode(
            tooltip=_tooltip(), **shared
        ),
        points.mark_text(align="left", dx=9, dy=-9).encode(text="condition:N", **shared),
    )
