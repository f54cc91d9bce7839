"""Singular values of one tuned matrix over training, intruders marked."""

from typing import Any

import altair as alt
import polars as pl

from rankscope.report.chapters.intruders.counting import EPSILON, K
from rankscope.report.chapters.intruders.matrices import first_done_runs, matrix_selector
from rankscope.report.drawing.colours import variable
from rankscope.report.drawing.figure import FOCUSED, Figure, Panel, in_panels, only, rows_chart
from rankscope.report.evidence.conditions import conditions_of
from rankscope.report.evidence.tables import Tables


def singular_values(tables: Tables) -> Figure:
    """Draw the leading singular values of W over steps, as in figure 7 of *An Illusion*."""
    selector = matrix_selector(tables)
    rows = _rows(tables, selector.options)
    present = set(rows["condition"])
    conditions = conditions_of(tables.runs).filter(pl.col("condition").is_in(present))
    return Figure(
        name="singular-values",
        title="Singular values over training",
        caption=(
            f"The {K} leading singular values of one tuned weight matrix at the kept steps, first"
            " seed, joined by their place in the order. A large diamond is an intruder: its left"
            f" vector has a cosine below {EPSILON:g} with every vector of the base."
        ),
        rows=in_panels(rows, "condition", conditions["condition"].to_list()),
        panels=tuple(
            Panel(label, _panel(number, f"var({variable(family, rank)})"))
            for number, (label, family, rank) in enumerate(
                conditions.select("condition", "family", "rank").iter_rows()
            )
        ),
        selectors=(selector,),
        columns=5,
    )


def _rows(tables: Tables, matrices: tuple[str, ...]) -> pl.DataFrame:
    return (
        tables.vectors.filter(
            pl.col("side") == "left", pl.col("matrix").is_in(matrices), pl.col("j") <= K
        )
        .join(first_done_runs(tables), on="run")
        .select(
            "condition", "matrix", "step", "j",
            pl.col("sigma").round(4), pl.col("max_cosine").round(3),
        )
        .sort("condition", "matrix", "step", "j")
    )  # fmt: skip


def _panel(number: int, ink: str) -> Any:
    x = alt.X(
        "step:Q", title="training step", axis=alt.Axis(tickMinStep=1), scale=alt.Scale(nice=False)
    )
    y = alt.Y("sigma:Q", title="singular value", scale=alt.Scale(zero=False, nice=True))
    matrix = rows_chart().transform_filter("datum.matrix == matrix")
    chart = only(matrix, panel=number)
    tooltip = ["step:Q", "j:O", "sigma:Q", alt.Tooltip("max_cosine:Q", title="largest |cosine|")]
    intrudes = f"datum.max_cosine < {EPSILON}"
    shown = alt.condition(FOCUSED, alt.value(1), alt.value(0.15))
    return alt.layer(
        # all methods, unseen: the panels of a figure share their vertical axis
        matrix.mark_point(opacity=0).encode(x=x, y=y),
        chart.mark_line(color=ink, strokeWidth=1).encode(x=x, y=y, detail="j:N", opacity=shown),
        chart.mark_point(filled=True, color=ink).encode(
            x=x,
            y=y,
            opacity=shown,
            size=alt.condition(intrudes, alt.value(90), alt.value(14)),
            shape=alt.condition(intrudes, alt.value("diamond"), alt.value("circle")),
            tooltip=tooltip,
        ),
    ).properties(width=220, height=220)
