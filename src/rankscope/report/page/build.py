"""The page: one HTML file that works offline, from tables and chapters.

Guarantees: nothing is loaded from anywhere: styles, script, data and the Vega libraries (once) are
inside. It opens with the answer and a figure of the first chapter that has them; everything else
folds out below, from figure to the numbers behind it. Equal inputs and versions give an equal page,
save for the wall times it quotes.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts import layout
from rankscope.artefacts.files import replacing
from rankscope.artefacts.reading import exists, read_json, read_manifest
from rankscope.look.style import page_style
from rankscope.progress import duration
from rankscope.records.keys import BASE, PUBLISHED
from rankscope.records.study import Study
from rankscope.report.chapters.contents import chapters_of
from rankscope.report.drawing.colours import palette, variable
from rankscope.report.evidence.conditions import conditions_of
from rankscope.report.evidence.tables import Tables, read_tables
from rankscope.report.numbers import count, number, significant
from rankscope.report.page.claims_view import claim_groups, counted
from rankscope.report.page.described import described
from rankscope.report.page.parts import Parts, in_parts
from rankscope.report.templates import rendered
from rankscope.report.verdicts.files import write_verdicts
from rankscope.report.words import status_line
from rankscope.studies.edits import edited_since

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
    chapters: tuple[Path, ...]
    manifests: tuple[Path, ...]

    @classmethod
    def of(cls, study: Study) -> "PageFiles":
        """Where they lie in the layout."""
        names = chapters_of(study)
        return cls(
            tables=Path(layout.report_tables(study.study)),
            chapters=tuple(Path(layout.report_chapter(study.study, name)) for name in names),
            manifests=(
                Path(layout.report_manifest(study.study, "tables")),
                *(Path(layout.report_chapter_manifest(study.study, name)) for name in names),
            ),
        )


def write_page(study: Study, sources: PageFiles, path: Path, claims: Path) -> None:
    """Write the page of a study to `path`, and the verdicts of all chapters to `claims`.

    Raises:
        ArtefactError: tables or chapters were not made.
    """
    parts = Parts.of(sources.chapters)
    template = Path(__file__).with_name("template.html.j2")
    filters = {"json_script": json_script, "number": _cell}
    page = rendered(template, page_content(study, sources, parts), filters)
    write_verdicts(parts.verdicts, claims)
    with replacing(path) as temporary:
        temporary.write_text(page, "utf-8")


def page_content(study: Study, sources: PageFiles, parts: Parts) -> dict[str, Any]:
    """Everything the template shows."""
    everything = read_tables(sources.tables)
    tables = everything.on_headline_set()
    published = everything.runs.filter(pl.col("family") == PUBLISHED)
    hero, below = (*parts.at_the_top, "", "")[:2]
    verdicts = parts.verdicts
    return {
        "study": study,
        "answer": tuple(map(in_parts, parts.opening["sentences"])),
        "opening": parts.opening,
        "status": status_line(everything.runs),
        "edited": edited_since(study),
        "all_done": set(everything.runs["status"]) == {"done"},
        "legend": _legend(tables, published),
        "colours": palette(pl.concat([tables.runs, published])) | parts.colours,
        "figures": parts.figures,
        "hero": hero,
        "below": below,
        "sections": parts.sections,
        "claims": claim_groups(verdicts),
        "claims_takeaway": counted(verdicts),
        "claims_notes": parts.claims_notes,
        "unmeasured": any(verdict.verdict == "not measured" for verdict in verdicts),
        "runs": _table(everything.runs.filter(pl.col("method") != BASE), RUN_COLUMNS),
        "summary": _table(everything.summary, SUMMARY_COLUMNS),
        "timings": stage_times(tables.timings, sources.manifests),
        "about": read_json(sources.tables / "provenance.json"),
        "described": described(study),
        "style": page_style(),
        "script": (Path(__file__).parent / "page.js").read_text("utf-8"),
        "vega": _vega(),
    }


def _legend(tables: Tables, published: pl.DataFrame) -> list[dict[str, Any]]:
    """The labels of base, methods, and what others trained, with their colours."""
    columns = ["condition", "family", "rank"]
    conditions = pl.concat([conditions_of(tables.runs).select(columns), published.select(columns)])
    return [
        {"label": label, "colour": variable(family, rank)}
        for label, family, rank in [(BASE, BASE, None), *conditions.iter_rows()]
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
