"""The verbs of the report stage: thin shells, without heavy imports."""

from pathlib import Path
from typing import Annotated

import typer

from rankscope.studies.option import StudyOption

app = typer.Typer(
    no_args_is_help=True,
    epilog="Example: `rankscope report page --study demo`",
    help="What a study found: tidy tables, chapters with figures and claims, one page.",
)

ChapterArgument = Annotated[
    str,
    typer.Argument(metavar="CHAPTER", help="A chapter of the report, such as tradeoff."),
]


@app.command(epilog="Example: `rankscope report tables --study demo`")
def tables(study: StudyOption = None) -> None:
    """Gather the rows of all runs of a study into tidy tables, with means and intervals."""
    from rankscope.artefacts import layout
    from rankscope.artefacts.manifest import manifest
    from rankscope.report.evidence.gather import gather
    from rankscope.report.evidence.tables import build_tables, provenance, write_tables
    from rankscope.studies.asked import asked_study

    spec = asked_study(study)
    path = Path(layout.report_manifest(spec.study, "tables"))
    with manifest(path, "report", f"{spec.study} tables", spec.canonical()) as record:
        record.work_begins()
        gathered = gather(spec)
        folder = Path(layout.report_tables(spec.study))
        write_tables(build_tables(gathered), provenance(spec, gathered), folder)
        record.covers(folder)


@app.command(epilog="Example: `rankscope report chapter tradeoff --study demo`")
def chapter(name: ChapterArgument, study: StudyOption = None) -> None:
    """Write one chapter of a study's report from its tables: figures, claims, words."""
    from rankscope.artefacts import layout
    from rankscope.artefacts.manifest import manifest
    from rankscope.report.chapters.contents import content_of
    from rankscope.report.chapters.making import write_chapter
    from rankscope.report.evidence.tables import read_tables
    from rankscope.studies.asked import asked_study

    spec = asked_study(study)
    content = content_of(spec, name)
    path = Path(layout.report_chapter_manifest(spec.study, name))
    described = {"chapter": name, "study": spec.canonical()}
    with manifest(path, "report", f"{spec.study} {name}", described) as record:
        record.work_begins()
        rows = read_tables(Path(layout.report_tables(spec.study)))
        folder = record.folder(Path(layout.report_chapter(spec.study, name)))
        write_chapter(spec, rows, content(spec, rows), folder)


@app.command(epilog="Example: `rankscope report page --study demo`")
def page(study: StudyOption = None) -> None:
    """Put tables and chapters on one page that works offline, and their claims into one table."""
    from rankscope.artefacts import layout
    from rankscope.artefacts.manifest import manifest
    from rankscope.report.page.build import PageFiles, write_page
    from rankscope.studies.asked import asked_study

    spec = asked_study(study)
    path = Path(layout.report_manifest(spec.study, "page"))
    with manifest(path, "report", f"{spec.study} page", spec.canonical()) as record:
        record.work_begins()
        written = Path(layout.report_page(spec.study))
        claims = Path(layout.report_claims(spec.study))
        write_page(spec, PageFiles.of(spec), written, claims)
        for output in (written, claims, claims.with_suffix(".csv")):
            record.covers(output)
