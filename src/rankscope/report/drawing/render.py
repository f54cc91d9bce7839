"""Figures as files: for the page, for Snakemake's report, and for anybody's own use.

For each figure `<name>`: `<name>.json` (panels, caption and rows by column, as the page reads it),
`<name>.csv` (the rows), `<name>.vl.json` (one complete Vega-Lite specification, rows included) and
`<name>.svg` (the same, rendered). Equal tables give equal files.

Names are kept to the letter in `<name>.json` and `<name>.csv`. In the other two, control characters
appear as their symbols (`␀`): an SVG with them is no XML.
"""

import json
import math
import re
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

from rankscope.artefacts.files import replacing
from rankscope.report.drawing.figure import Figure, wrapped

SIGNIFICANT = 5
PAGE_LEGENDS = ("condition", "trained_on", "measure", "trace")
LIGHT_INK = "#1c1c1a"
# what no XML may hold; line breaks are those of titles
CONTROLS = {code: 0x2400 + code for code in range(0x20) if chr(code) != "\n"}
CONTROLS |= {0x7F: 0x2421, 0xFFFE: 0xFFFD, 0xFFFF: 0xFFFD}
TICKS = 5
FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"


def write_figure(figure: Figure, folder: Path) -> None:
    """Write the four files of a figure."""
    import vl_convert

    standalone = standalone_specification(figure)
    _write(folder / f"{figure.name}.csv", figure.rows.write_csv())
    _write(folder / f"{figure.name}.vl.json", _dump(standalone))
    _write(folder / f"{figure.name}.svg", _own_clips(vl_convert.vegalite_to_svg(standalone)))
    _write(folder / f"{figure.name}.json", _dump(for_page(figure)))


def _own_clips(svg: str) -> str:
    """Number clip paths from 0: Vega counts them over all that a process has drawn."""
    numbers: dict[str, int] = {}
    return re.sub(
        r'(id="clip|url\(#clip)(\d+)',
        lambda found: f"{found[1]}{numbers.setdefault(found[2], len(numbers))}",
        svg,
    )


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8")


def _dump(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def parameters(figure: Figure) -> list[dict[str, Any]]:
    """What the reader can set: the condition in focus, and the figure's own selectors."""
    return [
        {"name": "focus", "value": ""},
        *({"name": each.name, "value": each.chosen} for each in figure.selectors),
    ]


def for_page(figure: Figure) -> dict[str, Any]:
    """The figure as the page reads it: legends left to the page, rows by column."""
    return {
        "name": figure.name,
        "title": figure.title,
        "caption": figure.caption,
        "columns": figure.columns,
        "selectors": [vars(each) for each in figure.selectors],
        "keys": [vars(each) for each in figure.keys],
        "colours": figure.colours,
        "panels": [
            {
                "title": panel.title,
                "square": panel.square,
                "spec": without_colour_legend(_specification(panel.chart))
                | {"params": parameters(figure)},
            }
            for panel in figure.panels
        ],
        "rows": columnar(figure.rows),
    }


def columnar(rows: pl.DataFrame) -> dict[str, Any]:
    """Rows by column; text as codes into its levels, numbers with five significant digits."""
    columns: dict[str, Any] = {}
    for column in rows.iter_columns():
        values = column.to_list()
        if column.dtype == pl.String:
            levels = list(dict.fromkeys(values))
            code = {level: number for number, level in enumerate(levels)}
            columns[column.name] = {"levels": levels, "codes": [code[value] for value in values]}
        else:
            columns[column.name] = [_short(value) for value in values]
    return columns


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT}g}") + 0.0 if math.isfinite(value) else None  # no -0.0
    return value


def _specification(chart: Any) -> dict[str, Any]:
    spec: dict[str, Any] = chart.to_dict(validate=True)
    spec.pop("config", None)
    return spec


def without_colour_legend(spec: Any) -> Any:
    """Copy a specification with the legends that the page shows itself switched off."""
    if isinstance(spec, list):
        return [without_colour_legend(part) for part in spec]
    if not isinstance(spec, dict):
        return spec
    copy = {key: without_colour_legend(part) for key, part in spec.items()}
    if copy.get("field") in PAGE_LEGENDS and "legend" in copy:
        copy["legend"] = None
    return copy


def standalone_specification(figure: Figure) -> dict[str, Any]:
    """One complete Vega-Lite specification in light colours, with legend and rows."""
    charts = [
        panel.chart.properties(title=wrapped(panel.title)) if panel.title else panel.chart
        for panel in figure.panels
    ]
    together = charts[0] if len(charts) == 1 else alt.concat(*charts, columns=figure.columns)
    spec = _specification(together) | {"params": parameters(figure)}
    rows = [
        {key: _short(value) for key, value in row.items()}
        for row in figure.rows.iter_rows(named=True)
    ]
    light = {f"var({name})": light for name, (light, _) in figure.colours.items()}
    spec = _with_colours(spec, light | {"var(--ink)": LIGHT_INK})
    spec |= {"datasets": {"rows": rows}, "background": "white", "config": light_config()}
    printable: dict[str, Any] = _printable(spec)
    return printable


def _with_colours(spec: Any, values: dict[str, str]) -> Any:
    """Replace colour variables where colours stand: a text that spells one is a text."""
    if isinstance(spec, list):
        return [_with_colours(part, values) for part in spec]
    if not isinstance(spec, dict):
        return spec
    copy = {key: _with_colours(part, values) for key, part in spec.items()}
    if isinstance(copy.get("color"), str):
        copy["color"] = values.get(copy["color"], copy["color"])
    if isinstance(copy.get("range"), list):
        copy["range"] = [
            values.get(part, part) if isinstance(part, str) else part for part in copy["range"]
        ]
    return copy


def _printable(content: Any) -> Any:
    """Show control characters by their symbols in every text."""
    if isinstance(content, str):
        return content.translate(CONTROLS)
    if isinstance(content, list):
        return [_printable(part) for part in content]
    if isinstance(content, dict):
        return {key: _printable(part) for key, part in content.items()}
    return content


def light_config() -> dict[str, Any]:
    """Vega-Lite configuration of standalone files: calm axes, no frames."""
    return {
        "font": FONT,
        "lineBreak": "\n",
        "view": {"stroke": None},
        "axis": {
            "grid": True, "gridColor": "#e7e5e0", "domain": False, "tickColor": "#b9b6ae",
            "labelColor": "#55534d", "titleColor": "#33312d", "titleFontWeight": 500,
            "labelOverlap": "greedy", "tickCount": TICKS,
        },
        "title": {"anchor": "start", "fontSize": 12, "fontWeight": 600},
    }  # fmt: skip
