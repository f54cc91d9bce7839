"""Checks of a study against its files, data and model, before the first job.

Guarantees: `validate` takes well under half a second, imports no torch and no transformers, reads
nothing but headers and configurations, and raises one error that lists every mistake. Not here:
what the study file itself tells (`file`, `expand`), and what only the data's content can tell; a
stage says that when it comes to it.
"""

from pathlib import Path

from rankscope.check import (
    base,
    evaluation,
    files,
    grid,
    nesting,
    prompts,
    published,
    task_collections,
    tuning,
)
from rankscope.check.subject import Subject
from rankscope.records.study import Study
from rankscope.studies.expand import load_expansion
from rankscope.studies.graph import walk
from rankscope.train.machine import missing_gpu

CHECKS = (
    files.name_of_study,
    files.data_is_there,
    task_collections.layouts,
    task_collections.sizes,
    task_collections.something_to_train_on,
    base.base_is_there,
    base.has_the_head,
    base.sizes,
    base.not_quantised,
    base.tokenizer,
    base.embedded_base,
    published.labels,
    published.versions,
    grid.ranks,
    grid.libraries,
    grid.target_modules,
    grid.lengths,
    prompts.templates,
    grid.packing,
    grid.batches,
    tuning.tuned_in,
    evaluation.something_is_measured,
    evaluation.evaluation_names,
    evaluation.headline,
    evaluation.held_out,
    evaluation.heads,
    evaluation.answers,
    evaluation.spectra,
)


def validate(study: Study) -> None:
    """Check a loaded study; its file is read again, for the lines of the messages.

    Raises:
        StudyError: the study cannot be run as written; lists every mistake.
    """
    checked(study.path)


def checked(study: str | Path) -> Subject:
    """Load a study by name or path and check it.

    Raises:
        StudyError: the study cannot be run as written; lists every mistake.
    """
    subject = Subject(load_expansion(study))
    found = [mistake for check in CHECKS for mistake in check(subject)]
    if found:
        raise subject.source.error(found)
    return subject


def notes(subject: Subject) -> list[str]:
    """Return remarks on what is allowed but probably not meant, or not possible here.

    Where a study is checked need not be where it runs: what only a GPU can do is no mistake.
    """
    return [
        *_unused_variants(subject),
        *nesting.nesting(subject),
        *prompts.prompt_lengths(subject),
        *evaluation.overlaps(subject),
        *evaluation.few_documents(subject),
        *_runs_for_a_gpu(subject),
    ]


def _runs_for_a_gpu(subject: Subject) -> list[str]:
    missing: dict[str, int] = {}
    for run in subject.study.runs:
        text = missing_gpu(run)
        if text:
            missing[text] = missing.get(text, 0) + 1
    return [
        f"{subject.study.path}: {number} runs would be refused on this machine: {text}"
        for text, number in missing.items()
    ]


def _unused_variants(subject: Subject) -> list[str]:
    study = subject.study
    used = {record.name for record in walk(study.base, *study.runs, *study.answers)}
    return [
        subject.note(("data", label), "nothing is trained or evaluated on this variant")
        for label, spec in study.data.items()
        if spec.name not in used
    ]
