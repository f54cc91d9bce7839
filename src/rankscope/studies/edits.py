"""Whether a study was edited since a workflow was started with it.

Guarantees: only what decides runs, measurements or the report counts as an edit; comments and
layout do not, nor does the path by which the file was given.
"""

from pathlib import Path

from rankscope.errors import StudyError
from rankscope.records.study import Study
from rankscope.studies.expand import load_study


def edited_since(study: Study) -> str:
    """Say that a study's file differs from what a workflow was started with; empty if it does not.

    Args:
        study: the study as it was at the start.
    """
    try:
        now = load_study(Path(study.path))
    except StudyError:
        return f"{study.path} cannot be read any more: this is of the study as it was at the start"
    if now.name == study.name:
        return ""
    return (
        f"{study.path} was edited meanwhile: this is of the study as it was at the start; start"
        " again for the study as it is now"
    )
