"""Writing what a chapter says of a study: its tables, figures, claims and words, in one folder.

Guarantees: equal tables give equal files. What could not be drawn has no file. The folder holds
`tables/` (Parquet, and CSV of what has no lists), `figures/`, `claims.parquet` with `claims.csv`,
and `words.json` for the page.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import polars.selectors as cs

from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Content, Drawn, words_of
from rankscope.report.drawing.colours import palette
from rankscope.report.drawing.figure import Figure
from rankscope.report.drawing.render import write_figure
from rankscope.report.evidence.conditions import rates_note
from rankscope.report.evidence.tables import Tables
from rankscope.report.verdicts.files import write_verdicts

TABLES, FIGURES = "tables", "figures"
CLAIMS, WORDS = "claims.parquet", "words.json"


def write_chapter(study: Study, tables: Tables, content: Content, folder: Path) -> None:
    """Write all files of a chapter into an empty folder."""
    for part in (TABLES, FIGURES):
        (folder / part).mkdir()
    for name, frame in content.tables.items():
        frame.write_parquet(folder / TABLES / f"{name}.parquet")
        if not any(kind.is_nested() for kind in frame.dtypes):
            frame.write_csv(folder / TABLES / f"{name}.csv")
    for figure in finished_figures(study, tables, content):
        write_figure(figure, folder / FIGURES)
    write_verdicts(content.verdicts, folder / CLAIMS)
    text = json.dumps(words_of(content), indent=2, ensure_ascii=False)
    (folder / WORDS).write_text(text + "\n", "utf-8")


def finished_figures(study: Study, tables: Tables, content: Content) -> Iterator[Figure]:
    """The figures with their colours and whole captions."""
    colours = palette(tables.runs) | dict(content.colours)
    for drawn in content.figures:
        rows = drawn.figure.rows.with_columns(cs.float() + 0.0)  # no -0.0
        caption = " ".join(_caption(study, tables, drawn))
        yield replace(drawn.figure, rows=rows, caption=caption, colours=colours)


def _caption(study: Study, tables: Tables, drawn: Drawn) -> Iterable[str]:
    several = len({each.trained_on for each in tables.evidence.conditions}) > 1
    if several and not drawn.of_all_sets:
        yield f"Of the runs trained on {tables.evidence.headline_set}."
    yield drawn.figure.caption
    if drawn.tells_rates:
        runs = tables.runs if drawn.of_all_sets else tables.on_headline_set().runs
        yield rates_note(runs, study.tuned_in, drawn.of_several)
