"""Intruder dimensions and the singular vectors around them (*An Illusion of Equivalence*)."""

from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Chapter


def _applies(study: Study) -> bool:
    return study.spectra is not None


CHAPTER = Chapter(
    name="intruders",
    applies=_applies,
    sentences={
        "intruders": "Intruder dimensions: leading singular vectors of the tuned matrices whose"
        " cosine with every singular vector of the base matrix is below *ε*, summed over all"
        " matrices. Points are means over seeds, bars 95 % intervals over matrices and seeds."
        " After figure 5 of *LoRA vs Full Fine-tuning: An Illusion of Equivalence*.",
        "similarity": "Absolute cosines between the leading left singular vectors of one weight"
        " matrix before (rows) and after (columns) fine-tuning, full fine-tuning beside LoRA. A"
        " blank column, marked with a cross, is an intruder. After figures 1 and 3 of *LoRA vs"
        " Full Fine-tuning: An Illusion of Equivalence*.",
        "singular-values": "The leading singular values of one tuned weight matrix over training;"
        " diamonds are intruders. After figure 7 of *LoRA vs Full Fine-tuning: An Illusion of"
        " Equivalence*.",
    },
)
