"""Checks of where learning rates come from: the study that is cited for them."""

from collections.abc import Iterator

from rankscope.check.subject import Subject
from rankscope.errors import StudyError
from rankscope.records.runs import Run
from rankscope.studies.expand import load_study, study_beside
from rankscope.studies.mistakes import shown
from rankscope.studies.source import Mistake, Place

PLACE: Place = ("tuned_in",)
KINDS = {"full": "full fine-tuning", "lora": "LoRA"}


def tuned_in(subject: Subject) -> Iterator[Mistake]:
    """The cited study sweeps the rate of every kind of method, and every rate used is one of them.

    Whether it is the best of them only its results can tell.
    """
    cited = subject.study.tuned_in
    if cited is None:
        return
    try:
        sweep = load_study(study_beside(subject.study.path, cited))
    except StudyError as error:
        # of a broken file its first mistake is enough here
        reason = str(error).splitlines()[-1]
        yield Mistake(PLACE, f"{shown(cited)} is no study that can be read: {reason}")
        return
    used, swept = _rates(subject.study.runs), _rates(sweep.runs)
    for kind, rates in used.items():
        tried = swept.get(kind, set())
        if len(tried) < 2:
            what = f"one rate ({min(tried):g})" if tried else "no run"
            yield Mistake(
                PLACE,
                f"{shown(cited)} tunes no learning rate of {KINDS[kind]}: it has {what} of it, and"
                f" a sweep needs several; add them to {sweep.path}, or remove `tuned_in`",
            )
            continue
        missing = sorted(rates - tried)
        if missing:
            yield Mistake(
                PLACE,
                f"{shown(cited)} has not tried the learning rate"
                f" {', '.join(f'{rate:g}' for rate in missing)} of {KINDS[kind]}; allowed: those in"
                f" {sweep.path}: {', '.join(f'{rate:g}' for rate in sorted(tried))}",
            )


def _rates(runs: tuple[Run, ...]) -> dict[str, set[float]]:
    """The learning rates of each kind of method; QLoRA's are LoRA's."""
    rates: dict[str, set[float]] = {}
    for run in runs:
        rates.setdefault(run.method.kind, set()).add(run.recipe.learning_rate)
    return rates
