"""How training went: the loss of every run."""

from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Chapter


def _applies(study: Study) -> bool:
    return bool(study.runs)


CHAPTER = Chapter(
    name="training",
    applies=_applies,
    sentences={
        "loss": "Training loss of every run, averaged over stretches of steps. A cross ends a run"
        " that diverged or ran out of memory.",
    },
)
