"""Small SVG figures for the page of an inspection."""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

COLOURS = ("#2a6cb0", "#c8410b", "#2499b0", "#8a5fb8", "#5b8c2a", "#b8860b", "#b0407a", "#6f6f6f")
_CELL, _ROW, _CHARACTER, _LONG = 18, 18, 5.8, 24
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 260, 130, 34, 20, 8


@dataclass(frozen=True)
class Share:
    """How many of a cell's vectors are counted."""

    count: int
    among: int


def heat_map(
    rows: Sequence[str],
    columns: Sequence[int | None],
    shares: Mapping[tuple[str, int | None], Share],
) -> str:
    """Draw counts by row and layer: ink by the share counted, the number in every cell above 0."""
    labels = short_labels(rows)
    margin = 10 + max((len(label) for label in labels), default=0) * _CHARACTER
    width, height = margin + _CELL * len(columns), _ROW * (len(rows) + 1)
    parts = []
    for y, (row, label) in enumerate(zip(rows, labels, strict=True)):
        top = y * _ROW
        parts.append(
            f'<text x="{margin - 6:.0f}" y="{top + 13}" text-anchor="end">{html.escape(label)}'
            f"<title>{html.escape(row)}</title></text>"
        )
        for x, column in enumerate(columns):
            share = shares.get((row, column))
            if share is not None:
                where = "no layer" if column is None else f"layer {column}"
                title = f"{row}, {where}: {share.count} of {share.among}"
                parts.append(_cell(margin + x * _CELL, top, share, title))
    for x, column in enumerate(columns):
        if column is None or x % max(1, len(columns) // 8) == 0:
            parts.append(
                f'<text x="{margin + x * _CELL + (_CELL - 1) / 2:.1f}" y="{height - 4}" '
                f'text-anchor="middle">{"–" if column is None else column}</text>'
            )
    return (
        f'<svg viewBox="0 0 {width:.0f} {height}" style="width: {width:.0f}px" role="img">'
        f"{''.join(parts)}</svg>"
    )


def _cell(left: float, top: float, share: Share, title: str) -> str:
    ink = share.count / max(share.among, 1)
    number = (
        f'<text x="{left + (_CELL - 1) / 2:.1f}" y="{top + 13}" '
        f'class="{"over" if ink > 0.5 else "ink"}" text-anchor="middle">{share.count}</text>'
        if share.count
        else ""
    )
    return (
        f'<g><title>{html.escape(title)}</title><rect x="{left:.1f}" y="{top}" '
        f'width="{_CELL - 1}" height="{_ROW - 1}" class="cell" style="--share: {ink:.2f}"/>'
        f"{number}</g>"
    )


def short_labels(names: Sequence[str]) -> list[str]:
    """Leave out the middle of long dotted names, if they can still be told apart."""

    def shorten(name: str) -> str:
        parts = name.split(".")
        return f"{parts[0]}…{'.'.join(parts[-2:])}" if len(name) > _LONG and parts[3:] else name

    short = [shorten(name) for name in names]
    return short if len(set(short)) == len(set(names)) else list(names)


def ceiling(value: float) -> float:
    """Return the next number at or above `value` whose half is as round as itself."""
    if value <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(value))
    return next(step * unit for step in (1, 2, 4, 6, 8, 10) if step * unit >= value * (1 - 1e-12))


def line_chart(series: Mapping[str, Sequence[tuple[int, float]]], highest: float) -> str:
    """Draw one line per series over layers, on an axis from zero to `highest`."""
    points = [point for line in series.values() for point in line]
    if not points:
        return '<p class="note">outside numbered layers</p>'
    first, last = min(x for x, _ in points), max(x for x, _ in points)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - first) / (last - first) if last > first else 0.5
        return (
            _LEFT + across * (_WIDTH - _LEFT - 8),
            _TOP + (1 - y / highest) * (_HEIGHT - _TOP - _BOTTOM),
        )

    parts = []
    for value in (0.0, highest / 2, highest):
        _, y = place(first, value)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{_LEFT - 4}" y="{y + 3.5:.1f}" text-anchor="end">{value:.3g}</text>'
        )
    for number, (name, line) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [place(x, y) for x, y in sorted(line)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        )
        for (x, y), (layer, value) in zip(places, sorted(line), strict=True):
            title = html.escape(f"{name}, layer {layer}: {value:.2f}")
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}">'
                f"<title>{title}</title></circle>"
            )
    for x in sorted({first, last}):
        left, _ = place(x, 0)
        parts.append(f'<text x="{left:.1f}" y="{_HEIGHT - 5}" text-anchor="middle">{x}</text>')
    middle = (_LEFT + _WIDTH - 8) / 2
    if first < last:
        parts.append(f'<text x="{middle}" y="{_HEIGHT - 5}" text-anchor="middle">layer</text>')
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">{"".join(parts)}</svg>'
