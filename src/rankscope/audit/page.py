"""The page of an inspection: one self-contained HTML file in the look of the report.

Guarantees: opens from disk without a network; every number on it stands in the tables beside it;
text from file names and models is escaped. Drawn as SVG here, without a plotting library.
"""

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts.files import replacing
from rankscope.audit.console import (
    interval_note,
    left_out_lines,
    of_all,
    quantisation_note,
    summarise,
)
from rankscope.audit.drawing import COLOURS, Share, ceiling, heat_map, line_chart
from rankscope.look.style import page_style
from rankscope.spectra.engine.measures import KNOWN
from rankscope.spectra.tables import SpectraTables

_SHOWN_VECTORS = 32  # a page with every cell of large maps would not open


@dataclass(frozen=True)
class Inspected:
    """What was inspected: the base, the commits of adapters (by label) of the hub, k and ε."""

    base: str
    origins: Mapping[str, str]
    k: int
    epsilon: float


def write_page(
    path: Path, inspected: Inspected, tables: SpectraTables, matrices: pl.DataFrame
) -> None:
    """Write the page for inspected `tables`; `matrices` has one row per adapter and matrix."""
    base, k, epsilon = inspected.base, inspected.k, inspected.epsilon
    own = Path(__file__).parent
    adapters = matrices["adapter"].unique(maintain_order=True).to_list()
    sections = [
        _answer(matrices, tables.left_out, adapters, k, epsilon),
        _section("How they compare", _summary_table(matrices)),
        _section("Intruders per layer and matrix type", _intruder_maps(matrices, adapters, k)),
        _section(
            "Are the leading singular vectors still those of the base?",
            _similarity(tables, adapters, inspected),
        ),
        _section("Effective rank of the update", _effective_ranks(matrices, adapters)),
        _section("All matrices", _matrix_table(matrices)),
    ]
    colours = "".join(f"--series-{i}: {colour}; " for i, colour in enumerate(COLOURS))
    content = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="generator" content="rankscope">
<link rel="icon" href="data:,"><title>{html.escape(base)}: inspected</title>
<style>:root {{ --full: #2a6cb0; {colours}}}
{page_style()}
{own.joinpath("page.css").read_text("utf-8")}</style></head>
<body><main><header><p class="kicker">rankscope inspect · base {html.escape(base)}</p>
<h1>What fine-tuning did inside the weights</h1></header>
{"".join(sections)}
<footer><p>{_method_note(matrices, inspected)}</p></footer></main>
<script>{own.joinpath("page.js").read_text("utf-8")}</script></body></html>
"""
    with replacing(path) as temporary:
        temporary.write_text(content, "utf-8")


def _section(title: str, body: str) -> str:
    return f'<section class="part"><h2>{html.escape(title)}</h2>{body}</section>'


def _answer(
    matrices: pl.DataFrame, left_out: pl.DataFrame, adapters: list[str], k: int, epsilon: float
) -> str:
    sentences = []
    for adapter in adapters:
        every = matrices.filter(pl.col("adapter") == adapter)
        rows = every.filter("changed")
        examined = int(rows.select(pl.min_horizontal("rows", "columns", pl.lit(k)).sum()).item())
        left, right, undecided = (
            int(rows[column].sum()) for column in ("intruders_left", "intruders_right", "undecided")
        )
        changed = rows.filter(pl.max_horizontal("intruders_left", "intruders_right") > 0).height
        where = f", in {changed} of {rows.height} changed matrices" if changed else ""
        if rows.height < every.height:
            where += f"; {every.height - rows.height} of {every.height} matrices are unchanged"
        uncertain = f"; {undecided} cannot be decided" if undecided else ""
        sentences.append(
            f"<p><strong>{html.escape(adapter)}</strong>: {left} intruder "
            f"dimension{'s' * (left != 1)} among {examined} leading left singular vectors and "
            f"{right} among as many right ones{where}{uncertain}.</p>"
        )
        if lines := left_out_lines(left_out, adapter):
            listed = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
            sentences.append(f"<details><summary>left out</summary><ul>{listed}</ul></details>")
    quantised = quantisation_note(matrices)
    note = (
        "<p class='fine'>An intruder dimension is one of the top "
        f"{k} singular vectors of a tuned weight whose cosine with every singular vector of the "
        f"base weight is below {epsilon:g}.{f' {quantised}.' if quantised else ''}</p>"
    )
    return f'<div class="answer">{"".join(sentences)}{note}</div>'


def _summary_table(matrices: pl.DataFrame) -> str:
    summary = summarise(matrices)
    counts = [of_all(*pair) for pair in summary.select("matrices", "all_matrices").iter_rows()]
    shown = summary.select(
        "adapter",
        pl.col("module_type").alias("matrices"),
        pl.Series("count", counts, pl.String),
        "rank",
        "intruders_left",
        "intruders_right",
        "undecided",
        pl.col("effective_rank").round(1).alias("effective rank (median)"),
        pl.col("rank90").alias("rank for 90 % (median)"),
        pl.col("change").round_sig_figs(3).alias("‖ΔW‖/‖W‖ (median)"),
    )
    total = shown["matrices"] == "all"
    return (
        _table(shown.filter(total).drop("matrices"))
        + f"<details><summary>by matrix type</summary>{_table(shown, bold=total)}</details>"
    )


def _matrix_table(matrices: pl.DataFrame) -> str:
    shown = matrices.with_columns(pl.col(pl.Float64).round_sig_figs(4))
    return f"<details><summary>{matrices.height} rows</summary>{_table(shown)}</details>"


def _table(rows: pl.DataFrame, bold: pl.Series | None = None) -> str:
    head = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in rows.columns)
    body = []
    for position, row in enumerate(rows.iter_rows()):
        cells = "".join(f"<td>{_text(value)}</td>" for value in row)
        total = ' class="total"' if bold is not None and bold[position] else ""
        body.append(f"<tr{total}>{cells}</tr>")
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "–" if value is None else html.escape(str(value))


def _intruder_maps(matrices: pl.DataFrame, adapters: list[str], k: int) -> str:
    kinds = matrices["module_type"].unique(maintain_order=True).to_list()
    layers = matrices["layer"].unique().sort(nulls_last=True).to_list()
    # a layer may hold several matrices of a type, such as one per expert
    cells = (
        matrices.with_columns(examined=pl.min_horizontal("rows", "columns", pl.lit(k)))
        .group_by("adapter", "module_type", "layer")
        .agg(pl.col("intruders_left", "intruders_right", "examined").sum(), count=pl.len())
    )
    panels = []
    for adapter in adapters:
        rows = cells.filter(pl.col("adapter") == adapter)
        for side in ("left", "right"):
            values = rows.select("module_type", "layer", f"intruders_{side}", "examined")
            drawn = heat_map(
                kinds,
                layers,
                {(kind, layer): Share(*counts) for kind, layer, *counts in values.iter_rows()},
            )
            panels.append(
                f'<div class="panel"><h4>{html.escape(adapter)}: {side} vectors</h4>{drawn}</div>'
            )
    pairs = "".join(
        f'<div class="pair">{left}{right}</div>'
        for left, right in zip(panels[::2], panels[1::2], strict=True)
    )
    caption = (
        "Rows: matrix types; columns: layers; number of intruders; full ink: all vectors examined"
        + (
            ", summed over the matrices of a type in a layer."
            if (cells["count"] > 1).any()
            else "."
        )
    )
    return f'<figure><div class="maps">{pairs}</div><figcaption>{caption}</figcaption></figure>'


def _similarity(tables: SpectraTables, adapters: list[str], inspected: Inspected) -> str:
    k, epsilon = inspected.k, inspected.epsilon
    shown = tables.similarity.filter(
        pl.col("i") <= _SHOWN_VECTORS, pl.col("j") <= _SHOWN_VECTORS
    ).with_columns(pl.col("cosine").round(2))
    largest = {
        key: rows.sort("j").select("max_cosine", "error_bound").rows()
        for key, rows in tables.vectors.filter(pl.col("j") <= _SHOWN_VECTORS).group_by(
            "matrix", "adapter", "side"
        )
    }
    data: dict[str, dict[str, dict[str, list[Any]]]] = {}
    for (matrix, adapter, side), rows in shown.group_by(
        "matrix", "adapter", "side", maintain_order=True
    ):
        columns = rows.sort("j", "i").group_by("j", maintain_order=True).agg("cosine")
        data.setdefault(str(matrix), {})[f"{adapters.index(str(adapter))} {side}"] = {
            "columns": columns["cosine"].to_list(),
            "largest": [round(cosine, 3) for cosine, _ in largest[matrix, adapter, side]],
            "said": [_largest(*known) for known in largest[matrix, adapter, side]],
        }
    if not data:
        return '<p class="note">No base vectors were computed for a similarity map.</p>'
    found = {
        matrix: sum(cosine < epsilon for drawn in maps.values() for cosine in drawn["largest"][:k])
        for matrix, maps in data.items()
    }
    first = max(found, key=lambda matrix: found[matrix])
    options = "".join(
        f'<option value="{html.escape(matrix)}"{" selected" * (matrix == first)}>'
        f"{html.escape(matrix)} (× {count})</option>"
        for matrix, count in found.items()
    )
    payload = json.dumps({"adapters": adapters, "k": k, "epsilon": epsilon, "matrices": data})
    payload = payload.replace("<", "\\u003c")
    return (
        f'<figure><div class="controls"><label>matrix <select id="matrix">{options}</select>'
        '</label></div><div class="panels columns-4" id="similarity"></div>'
        "<figcaption>|cosine| of leading vectors, base (rows) against tuned (columns): full ink "
        f"is 1. × marks an intruder, which no vector of the base reaches with {epsilon:g}; their "
        "number stands behind a matrix’s name.</figcaption>"
        f'<script type="application/json" id="similarity-data">{payload}</script></figure>'
    )


def _largest(cosine: float, error: float) -> str:
    """Say how large a cosine is: a value, or the interval that holds it."""
    if error <= KNOWN:
        return f"{cosine:.3f}"
    return f"between {max(cosine - error, 0):.3f} and {min(cosine + error, 1):.3f}"


def _effective_ranks(matrices: pl.DataFrame, adapters: list[str]) -> str:
    points = (
        matrices.drop_nulls("layer")
        .group_by("module_type", "adapter", "layer")
        .agg(pl.col("effective_rank").median(), count=pl.len())
        .sort("layer")
    )
    highest = ceiling(max(points["effective_rank"].to_list(), default=0.0))
    panels = []
    for kind in matrices["module_type"].unique(maintain_order=True):
        rows = points.filter(pl.col("module_type") == kind)
        series = {
            adapter: rows.filter(pl.col("adapter") == adapter)
            .select("layer", "effective_rank")
            .rows()
            for adapter in adapters
        }
        drawn = line_chart(series, highest)
        panels.append(f'<div class="panel"><h4>{html.escape(kind)}</h4>{drawn}</div>')
    several = ", median of the matrices of a type in a layer" * (
        points["count"].max() not in (None, 1)
    )
    legend = "".join(
        f'<span style="--colour: {COLOURS[i % len(COLOURS)]}">{html.escape(adapter)}</span>'
        for i, adapter in enumerate(adapters)
    )
    return (
        f'<figure><p class="keys">{legend}</p>'
        f'<div class="panels columns-4">{"".join(panels)}</div>'
        f"<figcaption>exp of the entropy of the singular values of ΔW{several}.</figcaption>"
        "</figure>"
    )


def _method_note(matrices: pl.DataFrame, inspected: Inspected) -> str:
    ways = ", ".join(
        f"{method} ({count})"
        for method, count in matrices["method"].value_counts(sort=True).iter_rows()
    )
    stored = ", ".join(sorted(matrices["precision"].unique().to_list()))
    half = (
        " Half-precision full weights carry rounding of their own into ΔW."
        if {"BF16", "F16"} & set(matrices["precision"]) and matrices["rank"].has_nulls()
        else ""
    )
    origins = "".join(
        f"{html.escape(f'{label}: {origin}')}. " for label, origin in inspected.origins.items()
    )
    return (
        f"{origins}k = {inspected.k}, ε = {inspected.epsilon:g}. "
        f"Ways: {html.escape(ways)}; stored as {html.escape(stored)}."
        f"{half} Each vector's error bound stands in vectors.parquet; undecided: vectors whose "
        f"bound contains ε.{html.escape(f' {note}.' if (note := interval_note(matrices)) else '')}"
    )
