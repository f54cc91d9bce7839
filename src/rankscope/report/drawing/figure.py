"""What a figure is, and the look that all figures share.

A figure is a frame of tidy rows and one or more panels: Vega-Lite charts over these rows (the data
source is called `rows`). Panels are separate charts, so that the page can stack them on a phone.

Colours: one per method on the whole page. Full fine-tuning is fixed, the base neutral, the ranks a
ramp from teal to indigo whose lightness falls with rank, so that it survives colour blindness and
grey print; training sets have a ramp of their own, from gold to purple, whose lightness falls with
the number of tasks. Charts name colours as CSS variables (`var(--full)`): the page defines them for
light, dark and print; standalone files get the light ones.

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

FULL_COLOURS = ("#c8410b", "#ff8f57")
BASE_COLOURS = ("#6f6f6f", "#a8a8a8")
MEASURE_COLOURS = {
    "--match": ("#1f5fa8", "#7db8f5"),
    "--outside": ("#8e3a8c", "#e08fdc"),
}
LINE = 44  # letters of a title that fit above the narrowest panel
MARGIN = 0.05
SET_RAMPS = (
    ("#c99a1c", "#cf6a3f", "#a8386e", "#46226e"),
    ("#9c7a2e", "#d9774f", "#e58fbe", "#d9ccff"),
)
RAMPS = (
    ("#62bfa4", "#2499b0", "#2a6cb0", "#37388f"),
    ("#2f8a77", "#2fa5bd", "#7ab8f5", "#d3ccff"),
)
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


def variable(condition: str, method_rank: int | None) -> str:
    """Name of the CSS variable with a condition's colour."""
    if condition == BASE:
        return "--base"
    return "--full" if method_rank is None else f"--lora-{method_rank}"


def trace_variable(number: int) -> str:
    """Name of the CSS variable with the colour of a trace over ranks."""
    return f"--trace-{number}"


def palette(ranks: Sequence[int], sets: int = 0, traces: int = 0) -> dict[str, tuple[str, str]]:
    """Map each colour variable to its value in light and in dark mode.

    `sets` is the number of training sets that a figure tells apart, from small to large, `traces`
    that of traces over ranks.
    """
    colours = {"--base": BASE_COLOURS, "--full": FULL_COLOURS, **MEASURE_COLOURS}
    colours |= _ramp([f"--lora-{rank}" for rank in sorted(set(ranks))], RAMPS)
    colours |= _ramp([trace_variable(number) for number in range(traces)], SET_RAMPS)
    return colours | _ramp([f"--set-{number}" for number in range(sets)], SET_RAMPS)


def _ramp(
    names: Sequence[str], ramps: tuple[Sequence[str], Sequence[str]]
) -> dict[str, tuple[str, str]]:
    """Spread the names evenly over a light and a dark ramp; a single one stands at 0.6."""
    last = len(names) - 1
    shares = [number / last if last else 0.6 for number in range(len(names))]
    light, dark = ramps
    return {
        name: (_along(light, share), _along(dark, share))
        for name, share in zip(names, shares, strict=True)
    }


def _along(ramp: Sequence[str], share: float) -> str:
    """Interpolate linearly between the stops of a ramp of `#rrggbb`."""
    position = share * (len(ramp) - 1)
    first = min(int(position), len(ramp) - 2)
    mix = position - first
    pairs = zip(_rgb(ramp[first]), _rgb(ramp[first + 1]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * mix):02x}" for a, b in pairs)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


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
    """Colour by condition; `conditions` has the columns condition and rank, in order."""
    pairs = [(BASE, None), *conditions.select("condition", "rank").iter_rows()]
    return alt.Color(
        "condition:N",
        scale=alt.Scale(
            domain=[label for label, _ in pairs],
            range=[f"var({variable(label, rank)})" for label, rank in pairs],
        ),
        legend=alt.Legend(title=None, orient="top", direction="horizontal", columns=6),
    )


def fade(shown: float = 1.0) -> Any:
    """Opacity that fades what is not in focus."""
    return alt.condition(FOCUSED, alt.value(shown), alt.value(0.08))


def conditions_of(runs: pl.DataFrame) -> pl.DataFrame:
    """Conditions of the table `runs` with method and rank: full fine-tuning first, then by rank."""
    trained = runs.filter(pl.col("method") != BASE)
    columns = ["condition", "method", "rank", "learning_rate"]
    return (
        trained.select(columns)
        .unique(subset="condition", keep="first", maintain_order=True)
        .sort(pl.col("rank").fill_null(0), "learning_rate", maintain_order=True)
    )


def rates_note(runs: pl.DataFrame, tuned_in: str | None, of_several: str) -> str:
    """Say which learning rates were used: rank, alpha and learning rate are confounded.

    `tuned_in` is the study whose sweep chose them; `of_several` says what a figure shows of a
    method with several recipes. Each series of runs is told by itself.
    """
    trained = runs.filter(pl.col("method") != BASE)
    of = trained["series"].fill_null("")
    series = [label for label in of.unique(maintain_order=True) if label]
    if not series:
        told = _rates(trained, of_several)
    else:
        each = ((label, trained.filter(of.is_in(["", label]))) for label in series)
        told = "; ".join(f"series {label}: {_rates(part, of_several)}" for label, part in each)
    origin = f"tuned in the study {tuned_in}" if tuned_in else "set by the study, not tuned in it"
    return f"Learning rates: {told}; {origin}."


def _rates(trained: pl.DataFrame, of_several: str) -> str:
    recipes = trained.group_by("method", "trained_on").agg(pl.col("treatment").n_unique())
    if recipes["treatment"].max() != 1:
        return f"several, or several recipes, per method, {of_several}"
    rates = (
        trained.sort(pl.col("rank").fill_null(0))
        .group_by("method", "rank", maintain_order=True)
        .agg(pl.col("learning_rate").unique().sort())
    )
    written = [
        (method, rank is not None, " or ".join(f"{rate:g}" for rate in of))
        for method, rank, of in rates.iter_rows()
    ]
    of_loras = {text for _, lora, text in written if lora}
    if len(of_loras) == 1:
        parts = [f"{method} {text}" for method, lora, text in written if not lora]
        parts.append(f"LoRA {of_loras.pop()} at every rank")
    else:
        parts = [f"{method} {text}" for method, _, text in written]
    return ", ".join(parts)
