"""What a figure is, and the look that all figures share.

A figure is a frame of tidy rows and one or more panels: Vega-Lite charts over these rows (the data
source is called `rows`). Panels are separate charts, so that the page can stack them on a phone.

Colours: `colours`. Charts name them as CSS variables (`var(--full)`).

Every chart knows the parameter `focus`: the condition to show alone, or ''.

Names that a user chose (evaluations, categories, weight matrices) are data of a chart and titles of
panels, never part of an expression or of a field's name: `in_panels` numbers them, and `only`
selects by number. Titles of axes are ours: Vega makes expressions of them. Axes that show scores or
counts have the explicit ends that `extent` gives them.
"""

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import polars as pl

from rankscope.records.keys import BASE
from rankscope.report.drawing.colours import variable

LINE = 44  # letters of a title that fit above the narrowest panel
MARGIN = 0.05
COMPARED = (
    "Bars are 95 % intervals over items and seeds for comparing methods: how the choice"
    " of items moves all methods alike is taken out."
)
FOCUSED = "focus == '' || datum.condition == focus || datum.condition == 'Base'"


@dataclass(frozen=True)
class Selector:
    """A choice the reader has, such as the weight matrix: a parameter of every panel."""

    name: str
    label: str
    options: tuple[str, ...]
    chosen: str


@dataclass(frozen=True)
class Panel:
    """One chart of a figure; a `square` one keeps height and width equal."""

    title: str
    chart: Any
    square: bool = False


@dataclass(frozen=True)
class Key:
    """An entry of a figure's own legend; `line` is solid, dashed or dotted."""

    label: str
    variable: str
    line: str = "solid"


@dataclass(frozen=True)
class Figure:
    """A figure: its rows, its panels and what a reader has to know.

    `keys` explain the colours of a figure that are not those of methods.
    """

    name: str
    title: str
    caption: str
    rows: pl.DataFrame
    panels: tuple[Panel, ...]
    selectors: tuple[Selector, ...] = ()
    keys: tuple[Key, ...] = ()
    columns: int = 3
    colours: dict[str, tuple[str, str]] = field(default_factory=dict)


def rows_chart() -> Any:
    """Start a chart over the figure's rows."""
    return alt.Chart(alt.NamedData(name="rows"))


def in_panels(rows: pl.DataFrame, column: str, names: Sequence[str]) -> pl.DataFrame:
    """Add the column `panel`: the place among `names` of what stands in `column`.

    Vega keeps expressions under their own text, and some texts (`constructor`, U+2028) break it.
    """
    numbers = range(len(names))
    place = pl.col(column).replace_strict(list(names), list(numbers), default=None)
    return rows.with_columns(panel=place.cast(pl.Int64))


def only(chart: Any, **values: str | int) -> Any:
    """Keep the rows with these values in these columns; names that a user chose by `in_panels`."""
    for column, value in values.items():
        chart = chart.transform_filter(alt.FieldEqualPredicate(field=column, equal=value))
    return chart


def wrapped(title: str, width: int = LINE, most: int = 2) -> str:
    """Break a title into lines; what does not fit into the last one ends in an ellipsis."""
    return "\n".join(textwrap.wrap(title, width, max_lines=most, placeholder=" …"))


def extent(
    values: Iterable[float | None],
    least: float = -math.inf,
    most: float = math.inf,
    margin: float = MARGIN,
) -> list[float]:
    """Ends of an axis that holds all finite values with a margin, and nothing impossible.

    The margin is a share of the range. Values that are all alike stand in the middle of an axis of
    the width of the value itself (of 1 at zero); `least` and `most` are the ends of what can be
    measured.
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    room = margin * (high - low) or abs(low) / 2 or 0.5
    return [max(least, low - room), min(most, high + room)]


def ticks_at(values: Sequence[float], **axis: Any) -> Any:
    """An axis with ticks at these values and nowhere else, each labelled where there is room."""
    # vega thins given values to the number of ticks that the page asks of other axes
    return alt.Axis(values=list(values), tickCount=len(values) + 1, **axis)


def colour(conditions: pl.DataFrame) -> Any:
    """Colour by condition; `conditions` has the columns condition, family and rank, in order."""
    known = [(BASE, BASE, None), *conditions.select("condition", "family", "rank").iter_rows()]
    return alt.Color(
        "condition:N",
        scale=alt.Scale(
            domain=[label for label, _, _ in known],
            range=[f"var({variable(family, rank)})" for _, family, rank in known],
        ),
        legend=alt.Legend(title=None, orient="top", direction="horizontal", columns=6),
    )


def fade(shown: float = 1.0) -> Any:
    """Opacity that fades what is not in focus."""
    return alt.condition(FOCUSED, alt.value(shown), alt.value(0.08))
