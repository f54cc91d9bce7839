"""Training loss of every run, with the place where a run diverged."""

import altair as alt
import polars as pl

from rankscope.report.drawing.figure import Figure, Panel, colour, extent, fade, rows_chart
from rankscope.report.evidence.conditions import conditions_of
from rankscope.report.evidence.tables import Tables

POINTS = 60


def loss(tables: Tables, per: str) -> Figure:
    """Draw the loss curves, in nats per `per` (such as token), averaged over stretches of steps."""
    rows = _rows(tables)
    conditions = conditions_of(tables.runs)
    finished = rows.filter(pl.col("status") == "done")["loss"]
    low, high = extent(rows["loss"] if finished.is_empty() else finished, least=0.0)
    rows = rows.with_columns(mark=pl.col("loss").clip(low, high))
    axis = {
        "title": f"training loss (nats per {per})",
        "scale": alt.Scale(domain=[low, high], nice=False),
    }
    x = alt.X(
        "step:Q", title="training step", axis=alt.Axis(tickMinStep=1), scale=alt.Scale(nice=False)
    )
    tooltip = ["condition:N", "seed:N", "status:N", "step:Q", alt.Tooltip("loss:Q", format=".3f")]
    colours = colour(conditions)
    chart = rows_chart()
    layers = alt.layer(
        chart.mark_line(strokeWidth=1.3, clip=True).encode(
            x=x, y=alt.Y("loss:Q", **axis), color=colours, detail="run:N", opacity=fade(0.85)
        ),
        chart.transform_filter("datum.end")
        .mark_point(shape="cross", filled=True, angle=45)
        .encode(
            x=x,
            y=alt.Y("mark:Q", **axis),
            color=colours,
            opacity=fade(),
            size=alt.condition("datum.status == 'done'", alt.value(0), alt.value(120)),
            tooltip=tooltip,
        ),
    ).properties(width=560, height=260)
    return Figure(
        name="loss",
        title="Training loss",
        caption=(
            f"One line per run, each point the mean of a stretch of steps ({POINTS} stretches at"
            " most). A cross ends a run that diverged or ran out of memory; the axis shows the"
            " range of the runs that finished, and a line that leaves it leaves the panel."
        ),
        rows=rows,
        panels=(Panel("", layers),),
        columns=1,
    )


def _rows(tables: Tables) -> pl.DataFrame:
    last = int(tables.loss["step"].to_numpy().max())
    width = max(1, -(-last // POINTS))
    stretch = (pl.col("step") - 1) // width
    binned = (
        tables.loss.filter(pl.col("loss").is_finite())
        .group_by("run", "rank", "seed", stretch.alias("stretch"), maintain_order=True)
        .agg(pl.col("step").max(), pl.col("loss").mean().round(4))
        .join(tables.runs.select("run", "condition", "status"), on="run")
        .drop("stretch")
    )
    end = pl.col("step") == pl.col("step").max().over("run")
    return binned.with_columns(end=end)
