"""The verbs of the report stage: thin shells, without heavy imports."""

from pathlib import Path

import typer

from rankscope.studies.option import StudyOption

app = typer.Typer(
    no_args_is_help=True,
    epilog="Example: `rankscope report page --study demo`",
    help="What a study found: tidy tables, claims with verdicts, figures, one page.",
)


@app.command(epilog="Example: `rankscope report tables --study demo`")
def tables(study: StudyOption) -> None:
    """Gather the rows of all runs of a study into tidy tables, with means and intervals."""
    from rankscope.artefacts import layout
    from rankscope.artefacts.manifest import manifest
    from rankscope.report.evidence.gather import gather
    from rankscope.report.evidence.tables import build_tables, provenance, write_tables
    from rankscope.studies.expand import load_study

    spec = load_study(study)
    path = Path(layout.report_manifest(spec.study, "tables"))
    with manifest(path, "report", f"{spec.study} tables", {}) as record:
        record.work_begins()
        gathered = gather(spec)
        folder = Path(layout.report_tables(spec.study))
        write_tables(build_tables(gathered, spec), provenance(spec, gathered), folder)
        record.covers(folder)


@app.command(epilog="Example: `rankscope report claims --study demo`")
def claims(study: StudyOption) -> None:
    """Test the claims of the papers on a study's tables: confirmed, denied or inconclusive."""
    from rankscope.artefacts import layout
    from rankscope.artefacts.manifest import manifest
    from rankscope.report.chapters.claims import judge_claims
    from rankscope.report.chapters.mixtures.subject import Mixtures
    from rankscope.report.evidence.tables import read_tables
    from rankscope.report.verdicts.files import write_verdicts
    from rankscope.report.verdicts.subject import Subject
    from rankscope.studies.expand import load_study

    spec = load_study(study)
    path = Path(layout.report_manifest(spec.study, "claims"))
    with manifest(path, "report", f"{spec.study} claims", {}) as record:
        record.work_begins()
        evidence = read_tables(Path(layout.report_tables(spec.study))).evidence
        verdicts = judge_claims(Subject.of(evidence, spec.headline), Mixtures.of(evidence))
        written = Path(layout.report_claims(spec.study))
        write_verdicts(verdicts, written)
        record.covers(written)
        record.covers(written.with_suffix(".csv"))


@app.command(epilog="Example: `rankscope report figures --study demo`")
def figures(study: StudyOption) -> None:
    """Draw the figures of a study from its tables: SVG, Vega-Lite and CSV."""
    from rankscope.artefacts import layout
    from rankscope.artefacts.manifest import manifest
    from rankscope.report.chapters.figures import draw_figures
    from rankscope.report.drawing.render import write_figure
    from rankscope.report.evidence.tables import read_tables
    from rankscope.studies.expand import load_study

    spec = load_study(study)
    path = Path(layout.report_manifest(spec.study, "figures"))
    with manifest(path, "report", f"{spec.study} figures", {}) as record:
        record.work_begins()
        rows = read_tables(Path(layout.report_tables(spec.study)))
        folder = record.folder(Path(layout.report_figures(spec.study)))
        for figure in draw_figures(rows, spec.headline, spec.tuned_in):
            write_figure(figure, folder)


@app.command(epilog="Example: `rankscope report page --study demo`")
def page(study: StudyOption) -> None:
    """Put tables, claims and figures on one page that works offline."""
    from rankscope.artefacts import layout
    from rankscope.artefacts.manifest import manifest
    from rankscope.report.page.build import PageFiles, write_page
    from rankscope.studies.expand import load_study

    spec = load_study(study)
    path = Path(layout.report_manifest(spec.study, "page"))
    with manifest(path, "report", f"{spec.study} page", {}) as record:
        record.work_begins()
        written = Path(layout.report_page(spec.study))
        write_page(spec, PageFiles.of(spec), written)
        record.covers(written)
