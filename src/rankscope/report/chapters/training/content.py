"""What is said of training: the loss curves, and which runs finished."""

from collections.abc import Collection
from pathlib import Path

from rankscope.artefacts import layout
from rankscope.artefacts.reading import exists, read_manifest
from rankscope.records.heads import CausalLM
from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Content, Drawn, Section
from rankscope.report.chapters.training.loss import loss
from rankscope.report.evidence.tables import Tables
from rankscope.report.words import on_one_set, status_line


def content(study: Study, tables: Tables) -> Content:
    """The chapter on a study."""
    shown = tables.on_headline_set()
    if shown.loss.is_empty():
        return Content((), ())
    takeaway = on_one_set(tables) + status_line(shown.runs)
    per = predicted(study, shown.runs["run"].to_list())
    return Content(
        figures=(Drawn(loss(shown, per)),),
        sections=(Section("loss", takeaway=takeaway, figure="loss"),),
    )


def predicted(study: Study, shown: Collection[str]) -> str:
    """Return what the loss of the runs that are shown is a mean over, such as `masked token`.

    Each run says that itself: of documents it depends on what the base was made for.
    """
    manifests = (Path(layout.run_manifest(run.name)) for run in study.runs if run.name in shown)
    found = (read_manifest(path)["results"]["predicts"] for path in manifests if exists(path))
    return " or ".join(dict.fromkeys(found)) or CausalLM.predicts
