"""The update ΔW that training made: its rank."""

from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Chapter


def _applies(study: Study) -> bool:
    return study.spectra is not None


CHAPTER = Chapter(
    name="updates",
    applies=_applies,
    sentences={
        "effective-rank": "Effective rank (the exponential of the entropy of the normalised"
        " singular values) of the update, by kind of matrix and layer, at the end of training. Open"
        " circles are single seeds. After figure 6 of *LoRA vs Full Fine-tuning: An Illusion of"
        " Equivalence*.",
    },
)
