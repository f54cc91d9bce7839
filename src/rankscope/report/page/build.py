"""The page: one HTML file that works offline, from tables, verdicts and figures.

Guarantees: nothing is loaded from anywhere: styles, script, data and the Vega libraries (once) are
inside. It opens with the answer and the learning-forgetting plane; everything else folds out below,
from figure to the numbers behind it. Equal inputs and versions give an equal page, save for the
wall times it quotes.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rankscope.artefacts import layout
from rankscope.artefacts.files import replacing
from rankscope.artefacts.reading import exists, read_json, read_manifest
from rankscope.errors import ArtefactError
from rankscope.look.style import page_style
from rankscope.progress import duration
from rankscope.records.keys import BASE
from rankscope.records.study import Study
from rankscope.report import FIGURE_NAMES
from rankscope.report.chapters.figures import colours_of
from rankscope.report.chapters.mixtures.opening import mixture_sentences
from rankscope.report.chapters.mixtures.view import (
    case_setting,
    compares_with_paper,
    paper_tables,
    score_tables,
    shown_cases,
)
from rankscope.report.drawing.figure import conditions_of, variable
from rankscope.report.evidence.tables import Tables, read_tables
from rankscope.report.page.answer import answer, in_parts
from rankscope.report.page.claims_view import claim_groups
from rankscope.report.page.described import described
from rankscope.report.page.numbers import count, number, significant
from rankscope.report.page.takeaways import status_line, takeaways
from rankscope.report.verdicts.files import read_verdicts
from rankscope.studies.edits import edited_since

HEROES = ("rank-scaling", "plane", "by-rank")  # what a study opens with: the first that it has
BELOW = {"plane": "by-rank"}  # what stands below it, unfolded: the question after the plane's
STAGES = ("data", "base", "train", "evaluate", "spectra", "report")
RUN_COLUMNS = (
    "condition", "series", "trained_on", "tasks", "examples", "seed", "status", "diverged_at",
    "kept_steps", "total_steps", "learning_rate", "alpha", "trainable_parameters",
    "trainable_percent", "tokens", "run",
)  # fmt: skip
SUMMARY_COLUMNS = (
    "condition", "trained_on", "evaluation", "measures", "step", "seeds", "items",
    "mean", "low", "high", "gain", "gain_low", "gain_high", "among_low", "among_high", "unit",
)  # fmt: skip


@dataclass(frozen=True)
class PageFiles:
    """What the page is made from."""

    tables: Path
    claims: Path
    figures: Path
    manifests: tuple[Path, ...]

    @classmethod
    def of(cls, study: Study) -> "PageFiles":
        """Where they lie in the layout."""
        verbs = ("tables", "claims", "figures")
        return cls(
            tables=Path(layout.report_tables(study.study)),
            claims=Path(layout.report_claims(study.study)),
            figures=Path(layout.report_figures(study.study)),
            manifests=tuple(Path(layout.report_manifest(study.study, verb)) for verb in verbs),
        )


def write_page(study: Study, sources: PageFiles, path: Path) -> None:
    """Write the page of a study to `path`.

    Raises:
        ArtefactError: tables, claims or figures were not made.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["json_script"] = json_script
    environment.filters["number"] = _cell
    page = environment.get_template("template.html.j2").render(page_content(study, sources))
    with replacing(path) as temporary:
        temporary.write_text(page, "utf-8")


def page_content(study: Study, sources: PageFiles) -> dict[str, Any]:
    """Everything the template shows."""
    everything = read_tables(sources.tables)
    tables = everything.on_headline_set()
    verdicts = read_verdicts(sources.claims)
    about = read_json(sources.tables / "provenance.json")
    figures = {name: _figure(sources.figures, name) for name in FIGURE_NAMES}
    drawn = [name for name in FIGURE_NAMES if figures[name]["panels"]]
    hero = next((name for name in HEROES if name in drawn), "plane")
    below = next((name for name in drawn if name == BELOW.get(hero)), "")
    tables_of_scores = score_tables(everything.mixture_scores)
    of_mixtures = mixture_sentences(everything.mixture_scores)
    return {
        "study": study,
        "answer": tuple(map(in_parts, of_mixtures))
        or answer(verdicts, tables.summary, study.headline),
        "of_mixtures": bool(of_mixtures),
        "status": status_line(everything.runs),
        "edited": edited_since(study),
        "all_done": set(everything.runs["status"]) == {"done"},
        "legend": _legend(tables),
        "colours": colours_of(everything),
        "figures": figures,
        "hero": hero,
        "below": below,
        "sections": [name for name in drawn if name not in (hero, below)],
        "not_drawn": [figures[n]["title"] for n in FIGURE_NAMES if n not in [*drawn, hero]],
        "score_tables": tables_of_scores,
        "with_paper": compares_with_paper(tables_of_scores),
        "paper_tables": paper_tables() if tables_of_scores else [],
        "cases": shown_cases(everything.cases),
        "case_setting": case_setting(everything.cases),
        "takeaways": takeaways(tables, verdicts, study.headline),
        "claims": claim_groups(verdicts),
        "runs": _table(everything.runs.filter(pl.col("method") != BASE), RUN_COLUMNS),
        "summary": _table(everything.summary, SUMMARY_COLUMNS),
        "timings": stage_times(tables.timings, sources.manifests),
        "about": about,
        "described": described(study),
        "style": page_style(),
        "script": (Path(__file__).parent / "page.js").read_text("utf-8"),
        "vega": _vega(),
    }


def _figure(folder: Path, name: str) -> dict[str, Any]:
    path = folder / f"{name}.json"
    if not exists(path):
        raise ArtefactError(f"{path}: the figure is missing; run `rankscope report figures` first")
    figure: dict[str, Any] = read_json(path)
    return figure


def _legend(tables: Tables) -> list[dict[str, Any]]:
    conditions = conditions_of(tables.runs).select("condition", "rank")
    return [
        {"label": label, "colour": variable(label, rank)}
        for label, rank in [(BASE, None), *conditions.iter_rows()]
    ]


def _table(rows: pl.DataFrame, columns: tuple[str, ...]) -> dict[str, Any]:
    """A table for the template: header and rows, empty columns left out."""
    shown = [name for name in columns if any(value not in (None, "") for value in rows[name])]
    return {"columns": shown, "rows": rows.select(shown).rows()}


def _cell(value: Any) -> str:
    """Write a table's cell."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if float(value).is_integer():
        return count(value)
    return significant(value, 2) if abs(value) < 0.001 else number(value)


def stage_times(timings: pl.DataFrame, manifests: tuple[Path, ...]) -> list[dict[str, Any]]:
    """Seconds by stage, summed over its jobs; the report's own verbs from their manifests."""
    of_stage = pl.col("stage").str.split("-").list.first()  # evaluate-score is part of evaluate
    own = [read_manifest(path) for path in manifests if exists(path)]
    rows = [
        *timings.select(of_stage, "startup_seconds", "work_seconds").iter_rows(),
        *(("report", each["startup_seconds"], each["work_seconds"]) for each in own),
    ]
    stages = []
    for stage in STAGES:
        jobs = [(startup, work) for name, startup, work in rows if name == stage]
        if jobs:
            stages.append(_stage(stage, jobs))
    return [*stages, _stage("all", [(startup, work) for _, startup, work in rows])]


def _stage(name: str, jobs: list[tuple[float, float]]) -> dict[str, Any]:
    startup, work = (sum(column) for column in zip(*jobs, strict=True)) if jobs else (0.0, 0.0)
    total = startup + work
    return {
        "stage": name,
        "jobs": len(jobs),
        "seconds": total,
        "time": duration(total),
        "startup_percent": 100 * startup / total if total else 0.0,
    }


def json_script(content: Any) -> str:
    """Write JSON that can stand inside a `<script>` element."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _vega() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, safe inside a `<script>` element."""
    import vl_convert

    # the bundle's `vega` and `vegaLite` are null in vl-convert 1.9: the page uses `vegaEmbed` only
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script")
