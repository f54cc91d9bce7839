"""Effective rank of the update ΔW: one panel per kind of matrix, over layers."""

from typing import Any

import altair as alt
import polars as pl

from rankscope.report.drawing.figure import (
    Figure,
    Panel,
    colour,
    fade,
    in_panels,
    only,
    rows_chart,
    ticks_at,
)
from rankscope.report.evidence.conditions import conditions_of
from rankscope.report.evidence.tables import Tables


def effective_rank(tables: Tables) -> Figure | None:
    """Draw exp(entropy of the singular values) of ΔW, as in figure 6 of *An Illusion*.

    A matrix that did not change has none; None where no matrix changed.
    """
    rows = _rows(tables)
    if rows.is_empty():
        return None
    conditions = conditions_of(tables.runs)
    types = sorted(rows["module_type"].unique(), key=lambda name: (_place(name), name))
    values = rows["effective_rank"].to_numpy()
    ends = (float(values.min()) * 0.9, float(values.max()) * 1.1)
    return Figure(
        name="effective-rank",
        title="Effective rank of the update",
        caption=(
            "exp(entropy of the normalised singular values) of ΔW at the end of training, by"
            " layer and kind of matrix, on a logarithmic scale. Lines are means over seeds, open"
            " circles single seeds, bars the range of the seeds. LoRA of rank r cannot exceed r."
        ),
        rows=in_panels(rows, "module_type", types),
        panels=tuple(
            Panel(name, _panel(number, conditions, ends)) for number, name in enumerate(types)
        ),
        columns=4,
    )


def _place(module_type: str) -> int:
    """Attention first, in the order of a layer's computation; unknown kinds last."""
    known = [name in module_type for name in ("q_", "k_", "v_", "o_", "gate", "up", "down")]
    return known.index(True) if any(known) else len(known)


def _rows(tables: Tables) -> pl.DataFrame:
    seeds = (
        tables.matrices.filter(pl.col("step") == pl.col("step").max().over("run"))
        .join(tables.runs.select("run", "condition", "status"), on="run")
        .with_columns(pl.col("layer").fill_null(0))
        .filter(pl.col("effective_rank").is_finite(), pl.col("effective_rank") > 0)
        .select(
            "module_type", "condition", "rank", "layer", "seed", "status", "effective_rank",
            "rank90", pl.lit("seed").alias("kind"),
        )
    )  # fmt: skip
    value = pl.col("effective_rank")
    means = (
        seeds.filter(pl.col("status") == "done")
        .group_by("module_type", "condition", "rank", "layer", maintain_order=True)
        .agg(
            value.mean().alias("effective_rank"),
            value.min().alias("low"),
            value.max().alias("high"),
            pl.lit("mean").alias("kind"),
        )
    )
    return pl.concat([seeds, means], how="diagonal")


def _panel(number: int, conditions: pl.DataFrame, ends: tuple[float, float]) -> Any:
    x = alt.X("layer:O", title="layer", axis=alt.Axis(labelAngle=0))
    y = alt.Y(
        "effective_rank:Q",
        title="effective rank",
        scale=alt.Scale(type="log", domain=ends, nice=False),
        axis=ticks_at([1, 2, 5, *(m * 10**e for e in range(1, 5) for m in (1, 2, 5))]),
    )
    chart = only(rows_chart(), panel=number)
    means = chart.transform_filter("datum.kind == 'mean'")
    colours = colour(conditions)
    tooltip = ["condition:N", "layer:O", alt.Tooltip("effective_rank:Q", format=".1f")]
    return alt.layer(
        means.mark_line(strokeWidth=1.5).encode(x=x, y=y, color=colours, opacity=fade()),
        means.mark_rule(strokeWidth=1).encode(
            x=x, y=alt.Y("low:Q"), y2="high:Q", color=colours, opacity=fade(0.55)
        ),
        chart.transform_filter("datum.kind == 'seed'")
        .mark_point(filled=False, size=16, strokeWidth=1)
        .encode(
            x=x, y=y, color=colours, opacity=fade(0.7), tooltip=[*tooltip, "seed:N", "rank90:Q"]
        ),
    ).properties(width=210, height=200)
