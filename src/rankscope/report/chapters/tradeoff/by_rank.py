"""What each rank had learned and forgotten when training ended: one panel per evaluation.

Guarantees: the rank stands on a logarithmic axis; full fine-tuning is a line and a band across the
panel, and a point of its own beyond the highest rank. Every run is there: one that did not finish
is a cross at its rank. Runs of one series and one family of LoRA are one trace; where a series has
several recipes of one rank, each recipe is a trace.
"""

from typing import Any

import altair as alt
import polars as pl

from rankscope.records.keys import BASE
from rankscope.records.methods import FULL
from rankscope.report.drawing.figure import (
    COMPARED,
    Figure,
    Key,
    Panel,
    colour,
    extent,
    fade,
    in_panels,
    only,
    rows_chart,
    ticks_at,
)
from rankscope.report.evidence.conditions import conditions_of
from rankscope.report.evidence.tables import Tables

APART = 0.06  # of a rank: how far traces stand apart
WIDE = 3  # zero is on the axis unless it lies further off than this many times the spread
OF = {"learning": ("learned", "gained"), "forgetting": ("forgotten", "lost")}
AT_THE_END = "full"
TRACE: dict[str, Any] = {"condition": pl.String, "trace": pl.String}


def by_rank(tables: Tables, headline: tuple[str, str] | None) -> Figure | None:
    """Draw the change from the base at the end of training over ranks; None without a LoRA run."""
    traces = traces_of(tables.runs)
    measured = tables.summary.filter(~pl.col("side"), pl.col("family") != BASE)
    loras = measured.filter(pl.col("family") != FULL)
    if loras.is_empty():
        return None
    ranks = tables.runs["rank"].drop_nulls().unique().sort().to_list()
    evaluations = loras.select("evaluation", "measures", "unit").unique(maintain_order=True)
    order = {name: place for place, name in enumerate(headline or ())}
    panels = sorted(evaluations.iter_rows(), key=lambda row: order.get(row[0], len(order)))
    rows = _rows(tables, measured, traces, ranks)
    rows = in_panels(rows, "evaluation", [name for name, _, _ in panels])
    labels = traces["trace"].unique(maintain_order=True).to_list()
    look = (ranks, conditions_of(tables.runs), labels)
    return Figure(
        name="by-rank",
        title="Learned and forgotten, by rank",
        caption=_caption(rows),
        rows=rows,
        panels=tuple(
            Panel(
                f"{OF[measures][0]}: {name}",
                _panel(rows, number, f"{unit} {OF[measures][1]}", *look),
            )
            for number, (name, measures, unit) in enumerate(panels)
        ),
        keys=tuple(
            Key(label, trace_variable(number)) for number, label in enumerate(labels) if labels[1:]
        ),
        columns=2,
    )


def trace_variable(number: int) -> str:
    """Name of the CSS variable with the colour of a trace over ranks."""
    return f"--trace-{number}"


def traces_of(runs: pl.DataFrame) -> pl.DataFrame:
    """The trace of every condition of LoRA: its series, or its recipe where a rank has several.

    Where LoRAs are of several families, the name of a trace begins with its family.
    """
    loras = (
        runs.filter(~pl.col("family").is_in([BASE, FULL]))
        .select("condition", "family", "method", "rank", pl.col("series").fill_null(""))
        .unique(subset=["condition", "series"], keep="first", maintain_order=True)
    )
    alike = ["series", "family"]
    several = pl.col("condition").n_unique().over(*alike, "rank").max().over(alike) > 1
    recipe = (
        pl.col("condition").str.slice(pl.col("method").str.len_chars()).str.strip_chars_start(", ")
    )
    named = pl.concat_str([pl.col("series"), recipe], separator=" ").str.strip_chars()
    trace = pl.when(several).then(named).otherwise("series")
    if loras["family"].n_unique() > 1:
        trace = pl.concat_str(["family", trace], separator=" ").str.strip_chars()
    return loras.select("condition", trace.alias("trace"))


def _caption(rows: pl.DataFrame) -> str:
    caption = (
        "Change from the base at the end of training: the last step at which every seed of a method"
        f" was scored, mean over seeds. {COMPARED} Dashed line and band: full fine-tuning, which"
        " also stands at the right end. Small open circles are single seeds, the dotted line at 0"
        " is the base."
    )
    if "unfinished" in rows["kind"].to_list():
        caption += " A cross on the axis is a run that did not finish."
    return caption


def _rows(
    tables: Tables, measured: pl.DataFrame, traces: pl.DataFrame, ranks: list[int]
) -> pl.DataFrame:
    """Means, single seeds and runs that did not finish; `x` is where a rank stands."""
    ends = measured.filter(pl.col("step") == pl.col("step").max().over("condition", "evaluation"))
    sign = pl.when(pl.col("measures") == "learning").then(1.0).otherwise(-1.0)
    low, high = (sign * pl.col(f"among_{end}") for end in ("low", "high"))
    means = ends.select(
        "evaluation", "condition", "family", "rank", "step",
        (sign * pl.col("gain")).alias("change"),
        pl.min_horizontal(low, high).alias("low"), pl.max_horizontal(low, high).alias("high"),
        "seeds", pl.lit("mean").alias("kind"),
    )  # fmt: skip
    runs = tables.runs.filter(pl.col("family") != BASE).select(
        "run", "condition", "family", "rank", "seed", "status"
    )
    seeds = (
        _gains(tables.items, ends.join(runs.filter(status="done"), on="condition"))
        .join(ends.select("evaluation", "condition", "measures"), on=["evaluation", "condition"])
        .with_columns(change=sign * pl.col("gain"), kind=pl.lit("seed"))
        .drop("gain", "measures")
    )
    unfinished = (
        runs.filter(pl.col("status") != "done")
        .join(ends.select("evaluation").unique(maintain_order=True), how="cross")
        .with_columns(kind=pl.lit("unfinished"))
    )
    bases = ends.select("evaluation").unique(maintain_order=True)
    bases = bases.with_columns(condition=pl.lit(BASE), change=pl.lit(0.0), kind=pl.lit("base"))
    rows = pl.concat([bases, means, seeds.drop("run"), unfinished.drop("run")], how="diagonal")
    rows = rows.join(traces.unique("condition", keep="first"), on="condition", how="left")
    labels = traces["trace"].unique(maintain_order=True).to_list()
    middle = (len(labels) - 1) / 2
    place = {label: 1 + APART * (number - middle) for number, label in enumerate(labels)}
    apart = pl.col("trace").replace_strict(place, default=1.0, return_dtype=pl.Float64)
    stands = pl.col("rank").fill_null(beyond(ranks)) * apart
    return rows.with_columns(x=pl.when(pl.col("condition") != BASE).then(stands).round(3)).sort(
        "evaluation", "kind", "trace", "x", "seed", nulls_last=True, maintain_order=True
    )


def _gains(items: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """What each run gained over the base on its own items, positive when better."""
    score = (pl.col("score") * pl.col("weight")).sum() / pl.col("weight").sum()
    base = items.filter(pl.col("family") == BASE).select(
        "evaluation", "test_sampling", "item", pl.col("score").alias("before")
    )
    before = (pl.col("before") * pl.col("weight")).sum() / pl.col("weight").sum()
    sign = pl.when(pl.col("higher_is_better").first()).then(1.0).otherwise(-1.0)
    about = ends.select("run", "evaluation", "step", "condition", "status")
    return (
        items.join(about, on=["run", "evaluation", "step"])
        .join(base, on=["evaluation", "test_sampling", "item"], nulls_equal=True)
        .group_by("run", "evaluation", "condition", "family", "rank", "seed", "step", "status",
                  maintain_order=True)
        .agg(gain=sign * (score - before))
    )  # fmt: skip


def beyond(ranks: list[int]) -> float:
    """Where full fine-tuning stands: as far beyond the highest rank as that is from the next."""
    return float(ranks[-1] * (max(2.0, ranks[-1] / ranks[-2]) if ranks[1:] else 4.0))


def _ends(rows: pl.DataFrame, panel: int) -> list[float]:
    """Ends of the axis; the base is on it unless that would squeeze the rest."""
    drawn = rows.filter(pl.col("panel") == panel, pl.col("kind").is_in(["mean", "seed"]))
    values = [
        value
        for row in drawn.select("change", "low", "high").rows()
        for value in row
        if value is not None
    ]
    spread = max(values) - min(values)
    nearest = 0.0 if min(values) <= 0 <= max(values) else min(map(abs, values))
    return extent([*values, 0.0] if nearest <= WIDE * spread or not spread else values)


def _panel(
    rows: pl.DataFrame,
    number: int,
    title: str,
    ranks: list[int],
    conditions: pl.DataFrame,
    traces: list[str],
) -> Any:
    y = alt.Y(
        "change:Q",
        title=title,
        scale=alt.Scale(domain=_ends(rows, number), nice=False),
    )
    x = _x(ranks, with_full=FULL in conditions["family"])
    chart = only(rows_chart(), panel=number)
    means = chart.transform_filter("datum.kind == 'mean'")
    full = means.transform_filter(f"datum.family == '{FULL}'")
    colours = colour(conditions)
    tooltip = [
        "condition:N", "step:Q", "seeds:Q", alt.Tooltip("change:Q", title=title, format=".3f"),
        alt.Tooltip("low:Q", format=".3f"), alt.Tooltip("high:Q", format=".3f"),
    ]  # fmt: skip
    shared = {"x": x, "color": colours}
    return alt.layer(
        full.mark_rect(clip=True).encode(
            y=y_of(y, "low"), y2="high:Q", color=colours, opacity=fade(0.13)
        ),
        full.mark_rule(strokeDash=[6, 4], strokeWidth=1.4, clip=True).encode(
            y=y, color=colours, opacity=fade(0.9)
        ),
        chart.transform_filter("datum.kind == 'base'")
        .mark_rule(strokeDash=[1, 3], strokeWidth=1.2, clip=True)
        .encode(y=y, color=colours),
        means.transform_filter(f"datum.family != '{FULL}'")
        .mark_line(strokeWidth=1.6, strokeOpacity=0.75)
        .encode(x=x, y=y, stroke=_stroke(traces)),
        means.mark_rule(strokeWidth=1.2).encode(
            y=y_of(y, "low"), y2="high:Q", opacity=fade(0.7), **shared
        ),
        chart.transform_filter("datum.kind == 'seed'")
        .mark_point(filled=False, size=16, strokeWidth=1)
        .encode(
            y=y, opacity=fade(0.7), **shared,
            tooltip=["condition:N", "seed:N", "step:Q", tooltip[3]],
        ),
        means.mark_point(filled=True, size=50).encode(
            y=y, opacity=fade(), tooltip=tooltip, **shared
        ),
        chart.transform_filter("datum.kind == 'unfinished'")
        .mark_point(filled=True, size=70, shape="cross", angle=45)
        .encode(
            y=alt.value("height"), opacity=fade(), **shared,
            tooltip=["condition:N", "seed:N", "status:N"],
        ),
    ).properties(width=300, height=240)  # fmt: skip


def y_of(y: Any, field: str) -> Any:
    """The same axis for another field."""
    return alt.Y(f"{field}:Q", title=y["title"], scale=y["scale"])


def _x(ranks: list[int], with_full: bool) -> Any:
    end = beyond(ranks)
    step = (end / ranks[-1]) ** 0.5
    ends = [ranks[0] / step, (end if with_full else ranks[-1]) * step]
    return alt.X(
        "x:Q",
        title="LoRA rank",
        scale=alt.Scale(type="log", base=2, domain=ends, nice=False),
        axis=ticks_at(
            [*ranks, *([end] if with_full else [])],
            labelExpr=f"datum.value > {ranks[-1]} ? '{AT_THE_END}' : format(datum.value, 'd')",
            grid=False,
        ),
    )


def _stroke(traces: list[str]) -> Any:
    """Colours of the traces; a single one is ink."""
    variables = [trace_variable(number) for number in range(len(traces))] if traces[1:] else []
    return alt.Stroke(
        "trace:N",
        scale=alt.Scale(domain=traces, range=[f"var({name})" for name in variables or ["--ink"]]),
        legend=alt.Legend(title=None, orient="top", direction="horizontal") if variables else None,
    )
