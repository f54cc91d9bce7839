"""Score against rank, one line per training set: Figure 1 of *Beyond Full Fine-tuning*."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import altair as alt
import polars as pl

from rankscope.records.methods import FULL
from rankscope.report.chapters.mixtures.paper import METRICS, is_of_the_paper, printed_scores
from rankscope.report.drawing.figure import (
    Figure,
    Key,
    Panel,
    Selector,
    extent,
    fade,
    only,
    rows_chart,
    ticks_at,
)
from rankscope.report.evidence.conditions import families_of

APART = 0.035
END = 1.8  # full fine-tuning's intervals stand beyond the highest rank, by this factor
TESTS = {"intra": "seen tasks", "inter": "unseen tasks"}
MEASURED = dict(zip(METRICS, ("exact match", "ROUGE-L"), strict=True))
TITLE = "score × 100"
BARS = "Bars are 95 % intervals over samplings and items, which a single sampling does not have"
TOOLTIP = [
    alt.Tooltip("condition:N"),
    alt.Tooltip("trained_on:N", title="trained on"),
    alt.Tooltip("score:Q", format=".1f"),
    alt.Tooltip("low:Q", format=".1f"),
    alt.Tooltip("high:Q", format=".1f"),
    alt.Tooltip("seeds:Q", title="samplings"),
]


def set_variable(number: int) -> str:
    """Name of the CSS variable with the colour of a training set, by its place."""
    return f"--set-{number}"


def shown_sets(scores: pl.DataFrame) -> list[str]:
    """Labels of the training sets that differ in tasks alone, by number of tasks."""
    rows = scores.filter("shown").select("trained_on", "tasks").unique()
    return rows.sort("tasks", "trained_on")["trained_on"].to_list()


def scaling(scores: pl.DataFrame) -> Figure | None:
    """Draw the scores of LoRA over ranks, full fine-tuning as horizontals; None without any."""
    sets = shown_sets(scores)
    drawn = scores.filter("shown", "best", pl.col("mean").is_not_null())
    if drawn.is_empty():
        return None
    paper = _papers(scores, drawn["series"].unique(maintain_order=True).to_list())
    own = _own(drawn, sets, [*drawn["rank"].drop_nulls(), *paper["rank"].drop_nulls()])
    rows = pl.concat([own, paper], how="diagonal")
    ranks = rows["rank"].drop_nulls().unique().sort().to_list()
    selectors = series_selector(own) + family_selector(own)
    if not paper.is_empty():
        selectors += (Selector("paper", "the paper's numbers", ("shown", "hidden"), "shown"),)
    choices = tuple(each.name for each in selectors)
    look = _Look(sets, ranks, choices, with_full="full" in own["kind"].to_list())
    return Figure(
        name="rank-scaling",
        title="Score against rank and number of tasks",
        caption=_caption(own, paper),
        rows=rows,
        panels=tuple(
            Panel(f"{measured}, {tested}", replace(look, domain=domain).panel(kind, metric))
            for metric, measured in MEASURED.items()
            for kind, tested in TESTS.items()
            if (domain := _domain(rows, kind, metric))
        ),
        selectors=selectors,
        keys=_keys(sets, own, paper),
        columns=2,
    )


def series_selector(rows: pl.DataFrame) -> tuple[Selector, ...]:
    """A choice of the series; none where there is only one, unnamed."""
    series = tuple(rows["series"].unique(maintain_order=True))
    return (Selector("series", "series of runs", series, series[0]),) if len(series) > 1 else ()


def family_selector(rows: pl.DataFrame) -> tuple[Selector, ...]:
    """A choice of the family of LoRA, whose ranks a line joins; none where there is only one."""
    families = tuple(each for each in families_of(rows) if each != FULL)
    return (Selector("family", "family", families, families[0]),) if families[1:] else ()


def of_family(chart: Any, chosen: bool) -> Any:
    """Keep full fine-tuning and the chosen family where there is a choice."""
    if not chosen:
        return chart
    return chart.transform_filter(f"datum.family == family || datum.family == '{FULL}'")


def of_series(chart: Any, chosen: bool) -> Any:
    """Keep the rows of the chosen series where there is a choice."""
    return chart.transform_filter("datum.series == series") if chosen else chart


def _own(drawn: pl.DataFrame, sets: list[str], ranks: list[int]) -> pl.DataFrame:
    """Our scores; full fine-tuning beyond the highest of `ranks`, all that are drawn."""
    place = {label: number - (len(sets) - 1) / 2 for number, label in enumerate(sets)}
    apart = pl.col("trained_on").replace_strict(place, default=0.0, return_dtype=pl.Float64)
    return drawn.select(
        "series", "trained_on", "test_kind", "metric", "condition", "family", "rank",
        (pl.col("rank").fill_null(END * max(ranks, default=1)) * (1 + APART * apart))
        .round(3).alias("x"),
        pl.col("mean").alias("score"), "low", "high", "seeds", "items",
        pl.when(pl.col("family") == FULL).then(pl.lit("full")).otherwise(pl.lit("lora"))
        .alias("kind"),
    )  # fmt: skip


def _papers(scores: pl.DataFrame, series: list[str]) -> pl.DataFrame:
    """The paper's numbers for the training sets that are the paper's, under our labels."""
    keys = ["mixture", "tasks", "examples", "collection"]
    ours = scores.filter("shown").select("trained_on", *keys).unique()
    same = pl.Series([is_of_the_paper(*row) for row in ours.select(keys).iter_rows()])
    matched = ours.filter(same)
    rows = printed_scores().join(matched, on="mixture").sort("trained_on", "rank")
    copies = [
        rows.select(
            pl.lit(label).alias("series"), "trained_on", "test_kind", "metric",
            pl.lit("the paper").alias("condition"), "rank",
            pl.col("rank").cast(pl.Float64).alias("x"), pl.col("percent").alias("score"),
            pl.when(pl.col("rank").is_null()).then(pl.lit("paper full"))
            .otherwise(pl.lit("paper")).alias("kind"),
        )
        for label in series
    ]  # fmt: skip
    return pl.concat(copies)


def _caption(own: pl.DataFrame, paper: pl.DataFrame) -> str:
    samplings = own["seeds"].to_list()
    caption = (
        "Scores × 100, means over samplings of the training set, by LoRA rank; the number in a"
        " training set's name is that of its tasks. Dashed: full"
        f" fine-tuning, its interval at the right end. {BARS}; the lines stand a little apart so"
        " that bars do not hide each other. Runs that did not finish are not drawn."
    )
    if min(samplings) < max(samplings):
        caption += " Bars of methods that finished fewer samplings may leave the panel."
    if paper.is_empty():
        return caption
    return (
        f"{caption} Thin dotted: the numbers that “Beyond Full Fine-tuning” prints for LLaMA-7B,"
        " without a spread."
    )


def _domain(rows: pl.DataFrame, kind: str, metric: str) -> list[float] | None:
    """The range of all scores, and of the intervals over as many samplings as any has."""
    shown = rows.filter(pl.col("test_kind") == kind, pl.col("metric") == metric)
    if shown["seeds"].null_count() == len(shown):
        return None  # nothing of ours
    whole = shown.filter(pl.col("seeds") == shown["seeds"].max())
    return extent([*shown["score"], *whole["low"], *whole["high"]], 0.0, 100.0)


def _keys(sets: list[str], own: pl.DataFrame, paper: pl.DataFrame) -> tuple[Key, ...]:
    keys = [Key(f"trained on {label}", set_variable(number)) for number, label in enumerate(sets)]
    if "full" in own["kind"].to_list():
        keys.append(Key("full fine-tuning", "--ink", "dashed"))
    if not paper.is_empty():
        keys.append(Key("in the paper", "--ink", "dotted"))
    return tuple(keys)


@dataclass(frozen=True)
class _Look:
    """What the panels share: training sets, ranks, and which choices the reader has."""

    sets: list[str]
    ranks: list[int]
    choices: tuple[str, ...]
    with_full: bool
    domain: Sequence[float] = (0.0, 100.0)

    def panel(self, kind: str, metric: str) -> Any:
        """One test set by one metric."""
        chart = only(rows_chart(), test_kind=kind, metric=metric)
        chart = of_series(chart, "series" in self.choices)
        own = of_family(chart, "family" in self.choices)
        layers = [*self._full(own), *self._loras(own)]
        if "paper" in self.choices:
            layers += self._papers(chart.transform_filter("paper == 'shown'"))
        return alt.layer(*layers).properties(width=300, height=260)

    @property
    def _y(self) -> Any:
        return alt.Y("score:Q", title=TITLE, scale=alt.Scale(domain=[*self.domain], nice=False))

    @property
    def _low(self) -> Any:
        return alt.Y("low:Q", title=TITLE, scale=alt.Scale(domain=[*self.domain], nice=False))

    @property
    def _x(self) -> Any:
        highest = max(self.ranks, default=1)
        ends = [min(self.ranks, default=1) / 1.25, highest * END * 1.15]
        return alt.X(
            "x:Q",
            title="LoRA rank",
            scale=alt.Scale(type="log", base=2, domain=ends, nice=False),
            axis=ticks_at(
                [*self.ranks, *([highest * END] if self.with_full else [])],
                labelExpr=f"datum.value > {highest} ? 'full' : format(datum.value, 'd')",
                grid=False,
            ),
        )

    @property
    def _colour(self) -> Any:
        variables = [f"var({set_variable(number)})" for number in range(len(self.sets))]
        return alt.Color(
            "trained_on:N",
            scale=alt.Scale(domain=self.sets, range=variables),
            legend=alt.Legend(
                title="trained on", orient="top", direction="horizontal", symbolOpacity=1
            ),
        )

    def _full(self, chart: Any) -> list[Any]:
        full = chart.transform_filter("datum.kind == 'full'")
        return [
            full.mark_rule(strokeWidth=1, clip=True).encode(
                x=self._x, y=self._low, y2="high:Q", color=self._colour, opacity=fade(0.55)
            ),
            full.mark_rule(strokeDash=[6, 4], strokeWidth=1.4).encode(
                y=self._y, color=self._colour, opacity=fade(0.9), tooltip=TOOLTIP
            ),
        ]

    def _loras(self, chart: Any) -> list[Any]:
        loras = chart.transform_filter("datum.kind == 'lora'")
        shared = {"x": self._x, "color": self._colour}
        return [
            loras.mark_line(strokeWidth=1.8).encode(y=self._y, **shared),
            loras.mark_rule(strokeWidth=1, clip=True).encode(
                y=self._low, y2="high:Q", opacity=fade(0.55), **shared
            ),
            loras.mark_point(filled=True, size=36).encode(
                y=self._y, opacity=fade(), tooltip=TOOLTIP, **shared
            ),
        ]

    def _papers(self, chart: Any) -> list[Any]:
        dotted = {"strokeWidth": 1.1, "clip": True, "strokeDash": [1, 3], "opacity": 0.85}
        return [
            chart.transform_filter("datum.kind == 'paper'")
            .mark_line(**dotted)
            .encode(x=self._x, y=self._y, color=self._colour),
            chart.transform_filter("datum.kind == 'paper full'")
            .mark_rule(**dotted)
            .encode(y=self._y, color=self._colour, tooltip=TOOLTIP[:3]),
        ]
