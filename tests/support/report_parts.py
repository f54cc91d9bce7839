"""The report's parts without a workflow: all chapters on tables, and its verbs in a row."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from typer.testing import CliRunner

from rankscope.cli import app
from rankscope.report.chapters.chapter import Content
from rankscope.report.chapters.contents import CHAPTERS, chapters_of, declared
from rankscope.report.chapters.intruders.content import CLAIMS as ON_INTRUDERS
from rankscope.report.chapters.making import finished_figures
from rankscope.report.chapters.tradeoff.content import CLAIMS as ON_THE_TRADEOFF
from rankscope.report.chapters.updates.content import CLAIMS as ON_UPDATES
from rankscope.report.drawing.figure import Figure
from rankscope.report.evidence.tables import Tables
from rankscope.report.verdicts.subject import Subject
from rankscope.report.verdicts.verdict import Verdict
from rankscope.studies.expand import load_study

METHOD_CLAIMS = (*ON_THE_TRADEOFF, *ON_INTRUDERS, *ON_UPDATES)
SENTENCES = {name: text for each in CHAPTERS for name, text in declared(each).sentences.items()}
NO_STUDY: Any = SimpleNamespace(headline=None, tuned_in=None, runs=(), answers=(), suites=())


def judged(subject: Subject) -> list[Verdict]:
    """The verdicts of all claims that compare methods on one training set."""
    return [verdict for claim in METHOD_CLAIMS for verdict in claim(subject)]


def said(
    tables: Tables,
    headline: tuple[str, str] | None = None,
    study: Any = NO_STUDY,
    of: Sequence[str] = CHAPTERS,
) -> dict[str, Content]:
    """What chapters say of tables, whether or not they apply to a study."""
    about = SimpleNamespace(**vars(study) | {"headline": headline}) if study is NO_STUDY else study
    return {
        name: import_module(f"rankscope.report.chapters.{name}.content").content(about, tables)
        for name in of
    }


def drawn(
    tables: Tables, headline: tuple[str, str] | None = None, of: Sequence[str] = CHAPTERS
) -> Iterator[Figure]:
    """All figures that chapters draw of tables."""
    for content in said(tables, headline, of=of).values():
        yield from finished_figures(NO_STUDY, tables, content)


def report_verbs(study: Path | str) -> list[tuple[str, ...]]:
    """The verbs that make the report of a study, in their order."""
    names = chapters_of(load_study(Path(study)))
    return [("tables",), *(("chapter", name) for name in names), ("page",)]


def make_report(study: Path | str) -> None:
    """Run all verbs of the report in this process; an error of theirs is raised."""
    for verb in report_verbs(study):
        run_report(*verb, study=study)


def run_report(*verb: str, study: Path | str) -> None:
    """Run one verb of the report."""
    outcome = CliRunner().invoke(app, ["report", *verb, "--study", str(study)])
    if outcome.exception and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    assert outcome.exit_code == 0, outcome.output
