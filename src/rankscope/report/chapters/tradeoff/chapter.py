"""What was learned and what was forgotten (*LoRA Learns Less and Forgets Less*)."""

from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Chapter


def _applies(study: Study) -> bool:
    return any(suite.evaluations for suite in study.suites)


CHAPTER = Chapter(
    name="tradeoff",
    applies=_applies,
    sentences={
        "by-rank": "What each rank had learned and forgotten at the end of training, as change from"
        " the base: one panel per evaluation, the rank of LoRA on a logarithmic axis, full"
        " fine-tuning as a dashed line and a band across. Points are means over seeds, small open"
        " circles single seeds, bars 95 % intervals over items and seeds for comparing methods. A"
        " cross on the axis is a run that did not finish.",
        "plane": "What was learned against what was forgotten, both as change from the base: one"
        " trace per method, from the base over the kept steps to the end of training. Points are"
        " means over seeds, small open circles single seeds, bars 95 % intervals over items and"
        " seeds for comparing methods: how the choice of items moves all methods alike is taken"
        " out. Up and left is better.",
        "trajectories": "The score on every evaluation over training. Points are means over seeds,"
        " small open circles single seeds, bars 95 % intervals for comparing methods: how the"
        " choice of items moves all methods alike is taken out. The dashed line is the base. Runs"
        " that did not finish are crosses and are left out of the means.",
    },
)
