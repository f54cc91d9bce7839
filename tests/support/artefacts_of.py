"""The artefacts of a study by what they are made of: what tests look for in its folder."""

from rankscope.records.measurements import Scores
from rankscope.records.spectra import Decomposition, Spectra
from rankscope.records.study import Study


def scores_of(study: Study, subject: str, suite: str | None = None) -> Scores:
    """The scores of a run, or of the base, alone on a suite (its label); default: its only one."""
    (found,) = (
        scores
        for scores in study.scores
        if subject in {each.name for each in scores.answers.subjects}
        and suite in (None, scores.answers.suite.label)
    )
    alone = (each for each in found.of_each_subject if each.answers.subjects[0].name == subject)
    return next(alone, found)


def spectra_of(study: Study, run: str) -> Spectra:
    """The spectra of a run."""
    (found,) = (spectra for spectra in study.analyses if spectra.subject.name == run)
    return found


def decomposed(study: Study) -> Decomposition:
    """The decomposition of the study's base."""
    return Decomposition(base=study.base)
