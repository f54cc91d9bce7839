"""How training went: the loss of every run."""

from rankscope.artefacts import layout
from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Chapter


def _applies(study: Study) -> bool:
    return bool(study.runs)


def _reads(study: Study) -> list[str]:
    """What runs say of themselves: what their loss is a mean over."""
    return [layout.run_manifest(run.name) for run in study.runs]


CHAPTER = Chapter(
    name="training",
    applies=_applies,
    reads=_reads,
    sentences={
        "loss": "Training loss of every run, averaged over stretches of steps. A cross ends a run"
        " that diverged or ran out of memory.",
    },
)
