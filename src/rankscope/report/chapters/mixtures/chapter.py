"""Instruction tuning on mixtures of tasks (*Beyond Full Fine-tuning*)."""

from rankscope.artefacts import layout
from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Chapter


def _applies(study: Study) -> bool:
    return any(run.data.tasks_asked is not None for run in study.runs)


def _reads(study: Study) -> list[str]:
    """What cases are read from: answers to unseen tasks, and their prompts."""
    found = [
        (evaluation.data.name, suite.name)
        for suite in study.suites
        for evaluation in suite.evaluations
        if evaluation.data.tests == "inter"
    ]
    suites = {suite for _, suite in found}
    answers = [layout.answers_manifest(a.name) for a in study.answers if a.suite.name in suites]
    return [*(layout.data_rows(name) for name in dict.fromkeys(n for n, _ in found)), *answers]


CHAPTER = Chapter(
    name="mixtures",
    applies=_applies,
    reads=_reads,
    sentences={
        "rank-scaling": "Exact match and ROUGE-L on seen and on unseen tasks against the rank of"
        " LoRA, one line per training set, full fine-tuning as dashed horizontals. Scores × 100,"
        " means over samplings of the training set, bars 95 % intervals over samplings and items."
        " Thin dotted lines, where the training sets are those of the paper: the numbers it"
        " prints.",
        "categories": "Answers to classification tasks that no run was trained on, after training"
        " on the most tasks, by category: per cent that are right, and per cent that are none of"
        " the task's options. Means over samplings with 95 % intervals over samplings and items.",
        "fixed-total": "Exact match and ROUGE-L on seen and on unseen tasks after training on"
        " equally many examples, spread over few tasks or many: one line per method. Scores × 100,"
        " means over samplings with 95 % intervals over samplings and items.",
    },
)
