"""Score against tasks at a constant number of examples: Figure 5 of *Beyond Full Fine-tuning*."""

from typing import Any

import altair as alt
import polars as pl

from rankscope.report.chapters.mixtures.scaling import (
    BARS,
    MEASURED,
    TESTS,
    TITLE,
    TOOLTIP,
    of_series,
    series_selector,
)
from rankscope.report.drawing.figure import (
    Figure,
    Panel,
    colour,
    extent,
    fade,
    only,
    rows_chart,
    ticks_at,
)
from rankscope.report.evidence.conditions import families_of, place_of

APART = 0.012


def fixed_total(scores: pl.DataFrame) -> Figure | None:
    """Draw one line per method over mixtures of one size; None without two of them.

    Of several sizes, that of most mixtures is drawn. Full fine-tuning and every rank that was
    trained on two mixtures of that size or more have a line.
    """
    rows = _rows(scores)
    if rows.is_empty():
        return None
    tasks = rows["tasks"].unique().sort().to_list()
    known = rows.select("condition", "family", "rank").unique(maintain_order=True)
    conditions = known.sort(place_of(families_of(known)), "rank", "condition")
    present = set(rows.select("test_kind", "metric").iter_rows())
    selectors = series_selector(rows)
    examples = f"{rows['examples'][0]:,}".replace(",", "\u202f")
    return Figure(
        name="fixed-total",
        title="More tasks or more examples of each?",
        caption=(
            f"Scores × 100 after training on {examples} examples, spread over few tasks or many."
            f" Means over samplings. {BARS}; methods stand a little apart so that bars do not hide"
            " each other. Runs that did not finish are not drawn."
        ),
        rows=rows,
        panels=tuple(
            Panel(
                f"{measured}, {tested}",
                _panel(
                    of_series(only(rows_chart(), test_kind=kind, metric=metric), bool(selectors)),
                    _ends(rows, kind, metric), conditions, tasks,
                ),
            )
            for kind, tested in TESTS.items()
            for metric, measured in MEASURED.items()
            if (kind, metric) in present
        ),
        selectors=selectors,
        columns=2,
    )  # fmt: skip


def _rows(scores: pl.DataFrame) -> pl.DataFrame:
    known = scores.filter("of_fixed_total", pl.col("mean").is_not_null())
    sizes = (
        known.group_by("examples")
        .agg(pl.col("tasks").n_unique())
        .filter(pl.col("tasks") > 1)
        .sort("tasks", "examples")
    )
    of_size = known.filter(pl.col("examples") == (sizes["examples"].last() if len(sizes) else -1))
    several = pl.col("tasks").n_unique().over("series", "condition") > 1
    families = place_of(families_of(scores))
    kept = of_size.filter(several).sort(families, "rank", "tasks", maintain_order=True)
    order = list(dict.fromkeys(kept["condition"]))
    place = {label: number - (len(order) - 1) / 2 for number, label in enumerate(order)}
    apart = pl.col("condition").replace_strict(place, default=0.0, return_dtype=pl.Float64)
    return kept.select(
        "series", "trained_on", "test_kind", "metric", "condition", "family", "rank", "tasks",
        "examples",
        (pl.col("tasks") * (1 + APART * apart)).round(3).alias("x"),
        pl.col("mean").alias("score"), "low", "high", "seeds", "items",
    )  # fmt: skip


def _ends(rows: pl.DataFrame, kind: str, metric: str) -> list[float]:
    shown = rows.filter(pl.col("test_kind") == kind, pl.col("metric") == metric)
    drawn = shown.select("score", "low", "high").rows()
    return extent((value for row in drawn for value in row), 0.0, 100.0)


def _panel(chart: Any, ends: list[float], conditions: pl.DataFrame, tasks: list[int]) -> Any:
    x = alt.X(
        "x:Q",
        title="tasks",
        scale=alt.Scale(type="log", domain=[tasks[0] / 1.15, tasks[-1] * 1.15], nice=False),
        axis=ticks_at(tasks, format="d", grid=False),
    )
    y = alt.Y("score:Q", title=TITLE, scale=alt.Scale(domain=ends, nice=False))
    shared = {"x": x, "color": colour(conditions)}
    return alt.layer(
        chart.mark_line(strokeWidth=1.8).encode(y=y, opacity=fade(), **shared),
        chart.mark_rule(strokeWidth=1).encode(
            y=alt.Y("low:Q", title=TITLE), y2="high:Q", opacity=fade(0.55), **shared
        ),
        chart.mark_point(filled=True, size=36).encode(
            y=y, opacity=fade(), tooltip=TOOLTIP, **shared
        ),
    ).properties(width=300, height=240)
