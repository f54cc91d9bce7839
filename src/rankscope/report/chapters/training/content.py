"""What is said of training: the loss curves, and which runs finished."""

from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Content, Drawn, Section
from rankscope.report.chapters.training.loss import loss
from rankscope.report.evidence.tables import Tables
from rankscope.report.words import on_one_set, status_line


def content(_study: Study, tables: Tables) -> Content:
    """The chapter on a study."""
    shown = tables.on_headline_set()
    if shown.loss.is_empty():
        return Content((), ())
    takeaway = on_one_set(tables) + status_line(shown.runs)
    return Content(
        figures=(Drawn(loss(shown)),),
        sections=(Section("loss", takeaway=takeaway, figure="loss"),),
    )
