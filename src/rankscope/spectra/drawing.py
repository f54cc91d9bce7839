"""Small SVG figures for the page of an inspection."""

import html
from collections.abc import Mapping, Sequence

COLOURS = ("#2a6cb0", "#c8410b", "#2499b0", "#8a5fb8", "#5b8c2a", "#b8860b", "#b0407a", "#6f6f6f")
_CELL, _ROW, _LABEL = 18, 18, 110
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 260, 130, 34, 20, 8


def heat_map(
    rows: Sequence[str],
    columns: Sequence[int],
    counts: Mapping[tuple[str, int | None], int],
    largest: int,
) -> str:
    """Draw counts by row and column: ink from 0 to `largest`, the number in every cell above 0."""
    width, height = _LABEL + _CELL * len(columns), _ROW * (len(rows) + 1)
    parts = []
    for y, row in enumerate(rows):
        top = y * _ROW
        parts.append(
            f'<text x="{_LABEL - 6}" y="{top + 13}" text-anchor="end">'
            f"{html.escape(row[-16:])}</text>"
        )
        for x, column in enumerate(columns):
            count = counts.get((row, column))
            if count is None:
                continue
            left, share = _LABEL + x * _CELL, count / largest
            title = html.escape(f"{row}, layer {column}: {count} of {largest}")
            parts.append(
                f'<g><title>{title}</title><rect x="{left}" y="{top}" width="{_CELL - 1}" '
                f'height="{_ROW - 1}" class="cell" style="--share: {share:.2f}"/>'
            )
            if count:
                shade = "over" if share > 0.5 else "ink"
                parts.append(
                    f'<text x="{left + (_CELL - 1) / 2}" y="{top + 13}" class="{shade}" '
                    f'text-anchor="middle">{count}</text>'
                )
            parts.append("</g>")
    for x, column in enumerate(columns):
        if x % max(1, len(columns) // 8) == 0:
            parts.append(
                f'<text x="{_LABEL + x * _CELL + (_CELL - 1) / 2}" y="{height - 4}" '
                f'text-anchor="middle">{column}</text>'
            )
    return (
        f'<svg viewBox="0 0 {width} {height}" style="max-width: {width}px" role="img">'
        f"{''.join(parts)}</svg>"
    )


def line_chart(series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Draw one line per series over shared axes that start at zero."""
    points = [point for line in series.values() for point in line]
    if not points:
        return '<p class="note">outside numbered layers</p>'
    last, highest = max(x for x, _ in points), max(y for _, y in points) or 1.0
    first = min(x for x, _ in points)

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
            title = html.escape(f"{name}, layer {layer:g}: {value:.2f}")
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}">'
                f"<title>{title}</title></circle>"
            )
    for x in sorted({first, last}):
        left, _ = place(x, 0)
        parts.append(f'<text x="{left:.1f}" y="{_HEIGHT - 5}" text-anchor="middle">{x:g}</text>')
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">{"".join(parts)}</svg>'
