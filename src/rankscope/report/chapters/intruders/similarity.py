"""Similarity of leading singular vectors, base against tuned: full fine-tuning beside LoRA."""

from typing import Any

import altair as alt
import polars as pl

from rankscope.report.chapters.intruders.counting import EPSILON
from rankscope.report.chapters.intruders.matrices import first_done_runs, matrix_selector
from rankscope.report.drawing.colours import variable
from rankscope.report.drawing.figure import FOCUSED, Figure, Panel, in_panels, only, rows_chart
from rankscope.report.evidence.conditions import conditions_of
from rankscope.report.evidence.tables import Tables


def similarity(tables: Tables) -> Figure:
    """Draw |cosine| heat maps as in figures 1 and 3 of *An Illusion*: a blank column intrudes."""
    selector = matrix_selector(tables)
    rows = _rows(tables, selector.options)
    present = set(rows["condition"])
    conditions = conditions_of(tables.runs).filter(pl.col("condition").is_in(present))
    return Figure(
        name="similarity",
        title="Are the singular vectors still those of the base?",
        caption=(
            "|cosine| of the leading left singular vectors of one weight matrix, before (rows)"
            " and after (columns) fine-tuning, end of training, first seed: full ink is 1. A"
            " diagonal means that nothing moved; a blank column marked × is an intruder: no"
            f" vector of the base, shown or not, has a cosine of {EPSILON:g} or more with it."
        ),
        rows=in_panels(rows, "condition", conditions["condition"].to_list()),
        panels=tuple(
            Panel(label, _panel(number, f"var({variable(family, rank)})"), square=True)
            for number, (label, family, rank) in enumerate(
                conditions.select("condition", "family", "rank").iter_rows()
            )
        ),
        selectors=(selector,),
        columns=5,
    )


def _rows(tables: Tables, matrices: tuple[str, ...]) -> pl.DataFrame:
    runs = first_done_runs(tables)
    last = tables.similarity.filter(
        pl.col("side") == "left",
        pl.col("matrix").is_in(matrices),
        pl.col("step") == pl.col("step").max().over("run"),
    ).join(runs, on="run")
    vectors = tables.vectors.filter(pl.col("side") == "left").select(
        "run", "step", "matrix", "j", "max_cosine"
    )
    return (
        last.join(vectors, on=["run", "step", "matrix", "j"], how="left")
        .select(
            "condition", "matrix", pl.col("i").alias("base"), pl.col("j").alias("tuned"),
            pl.col("cosine").abs().round(3),
            pl.col("max_cosine").round(3),
        )
        .sort("condition", "matrix", "base", "tuned")
    )  # fmt: skip


def _panel(number: int, ink: str) -> Any:
    x = alt.X("tuned:O", title="vector after fine-tuning", axis=alt.Axis(labelAngle=0))
    y = alt.Y("base:O", title="vector of the base")
    chart = only(rows_chart(), panel=number).transform_filter("datum.matrix == matrix")
    cells = chart.mark_rect(color=ink).encode(
        x=x,
        y=y,
        fillOpacity=alt.FillOpacity(
            "cosine:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None
        ),
        opacity=alt.condition(FOCUSED, alt.value(1), alt.value(0.2)),
        tooltip=[
            "base:O",
            "tuned:O",
            "cosine:Q",
            alt.Tooltip("max_cosine:Q", title="largest with any base vector"),
        ],
    )
    marks = (
        chart.transform_filter(f"datum.base == 1 && datum.max_cosine < {EPSILON}")
        .mark_text(text="×", color="var(--ink)", fontSize=13, fontWeight=700)
        .encode(x=x, y=y)
    )
    return alt.layer(cells, marks).properties(width=220, height=220)
