"""Answers right and outside the options, by category: Figure 4 of *Beyond Full Fine-tuning*."""

from typing import Any

import altair as alt
import polars as pl

from rankscope.records import methods
from rankscope.report.chapters.mixtures.scaling import (
    BARS,
    family_selector,
    of_family,
    of_series,
    series_selector,
)
from rankscope.report.drawing.figure import Figure, Key, Panel, fade, in_panels, only, rows_chart

FULL = "full"
MEASURES = {"exact_match": "exact match", "out_of_options": "outside the options"}
COLOURS = {  # of the measures, in light and in dark mode
    "--match": ("#1f5fa8", "#7db8f5"),
    "--outside": ("#8e3a8c", "#e08fdc"),
}
VARIABLES = {"exact match": "--match", "outside the options": "--outside"}


def categories(scores: pl.DataFrame) -> Figure | None:
    """Draw form and meaning over ranks and full fine-tuning, a panel per category."""
    rows = _rows(scores)
    if rows.is_empty():
        return None
    ranks = rows["rank"].drop_nulls().unique().sort().to_list()
    places = [*map(str, ranks), *([FULL] if FULL in rows["place"].to_list() else [])]
    sizes = rows.select("category", "tasks", "items").unique(subset="category").sort("category")
    selectors = series_selector(rows) + family_selector(rows)
    choices = tuple(each.name for each in selectors)
    return Figure(
        name="categories",
        title="Form and meaning of answers, by category",
        caption=(
            "Classification tasks that no run was trained on, after training on"
            f" {rows['trained_on'][0]}: per cent of answers that are right, and of answers that"
            " are none of the task's options, so that the form itself was missed. Means over"
            f" samplings. {BARS}. Runs that did not finish are not drawn."
        ),
        rows=in_panels(rows, "category", sizes["category"].to_list()),
        panels=tuple(
            Panel(f"{category} ({_sized(tasks, items)})", _panel(number, places, choices))
            for number, (category, tasks, items) in enumerate(sizes.iter_rows())
        ),
        selectors=selectors,
        keys=(
            Key("exact match", "--match"),
            Key("outside the options", "--outside", "dashed"),
        ),
    )


def _sized(tasks: int, items: int) -> str:
    return f"{tasks} {'task' if tasks == 1 else 'tasks'}, {items} items"


def _rows(scores: pl.DataFrame) -> pl.DataFrame:
    return scores.filter("best", pl.col("mean").is_not_null()).select(
        "series", "trained_on", "category",
        pl.col("metric").replace_strict(MEASURES, return_dtype=pl.String).alias("measure"),
        "condition", "family", "rank",
        pl.when(pl.col("family") == methods.FULL).then(pl.lit(FULL))
        .otherwise(pl.col("rank").cast(pl.String)).alias("place"),
        pl.col("mean").alias("percent"), "low", "high", "seeds", "tasks",
        pl.col("items").max().over("category"),
    )  # fmt: skip


def _panel(number: int, places: list[str], choices: tuple[str, ...]) -> Any:
    chart = of_series(only(rows_chart(), panel=number), "series" in choices)
    chart = of_family(chart, "family" in choices)
    x = alt.X(
        "place:O",
        title="LoRA rank",
        sort=places,
        axis=alt.Axis(labelAngle=0, labelOverlap="greedy"),
        scale=alt.Scale(domain=places),
    )
    of_answers = {
        "title": "per cent of answers",
        "scale": alt.Scale(domain=[0, 100]),  # one for all panels, which are compared
    }
    y = alt.Y("percent:Q", **of_answers)
    measure = alt.Color(
        "measure:N",
        scale=alt.Scale(
            domain=list(VARIABLES), range=[f"var({name})" for name in VARIABLES.values()]
        ),
        legend=alt.Legend(title=None, orient="top", direction="horizontal"),
    )
    dash = alt.condition("datum.measure == 'exact match'", alt.value([1, 0]), alt.value([5, 3]))
    tooltip = [
        alt.Tooltip("condition:N"),
        alt.Tooltip("measure:N"),
        alt.Tooltip("percent:Q", format=".1f"),
        alt.Tooltip("low:Q", format=".1f"),
        alt.Tooltip("high:Q", format=".1f"),
    ]
    loras = chart.transform_filter(f"datum.place != '{FULL}'")
    return alt.layer(
        loras.mark_line(strokeWidth=1.6).encode(x=x, y=y, color=measure, strokeDash=dash),
        chart.mark_rule(strokeWidth=1).encode(
            x=x, y=alt.Y("low:Q", **of_answers), y2="high:Q", color=measure,
            opacity=fade(0.55),
        ),
        chart.mark_point(filled=True, size=36).encode(
            x=x, y=y, color=measure, opacity=fade(), tooltip=tooltip,
            shape=alt.condition(
                "datum.measure == 'exact match'", alt.value("circle"), alt.value("diamond")
            ),
        ),
    ).properties(width=260, height=220)  # fmt: skip
