"""An expanded study: its base, data variants, runs, suites and settings.

Guarantees: like every record it is frozen and strict; its `sources` are all that its report is made
from, and `studies.graph` walks on from them to all that these are made from. Not here: how a study
file is written (`studies.form`), how a grid is unfolded (`studies.expand`), what can be wrong
(`check`).
"""

from functools import cached_property
from typing import ClassVar, TypeVar

from rankscope.records.data import DataSpec
from rankscope.records.evaluations import Suite, key
from rankscope.records.measurements import Answers, Published, Scores
from rankscope.records.record import Artefact
from rankscope.records.runs import BaseSpec, Run
from rankscope.records.spectra import Spectra, SpectraSettings

TOGETHER = 5
"""Runs that one process asks. They wait for each other: it starts when all of them are trained."""
Together = TypeVar("Together", Run, Published)


class Study(Artefact):
    """An expanded study: the only object a workflow reads.

    `data` holds the variants under the labels of the study file; `versions` are what others trained
    on the base, measured beside the runs. `series` holds the label of each
    run's series under the run's name, for runs whose block names one: it is the study's word for
    some of its runs, and so no part of a run. `tuned_in` names the study whose sweep chose the
    learning rates, if one did.
    """

    stage: ClassVar[str] = "report"
    verb: ClassVar[str] = "report"

    study: str
    title: str
    question: str
    path: str
    base: BaseSpec
    data: dict[str, DataSpec]
    runs: tuple[Run, ...]
    versions: tuple[Published, ...] = ()
    series: dict[str, str]
    suites: tuple[Suite, ...]
    spectra: SpectraSettings | None
    headline: tuple[str, str] | None
    tuned_in: str | None

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return self.study

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(run.name for run in self.runs)

    def has(self, run: Run) -> bool:
        """Whether a run is of the grid, and not one that the base is made from."""
        return run.name in self._names

    def series_of(self, run: Run) -> str:
        """The label of the series that `run` belongs to, or an empty text."""
        return self.series.get(run.name, "")

    @cached_property
    def answers(self) -> tuple[Answers, ...]:
        """What is asked: of the base, which every suite measures, of runs, of published versions.

        Of suites that differ by the sampling alone, the base is asked all at once, and what they
        share once; published versions, which belong to no sampling, are not asked. Runs on one base
        are asked together, `TOGETHER` at a time: a process of its own for each would cost a small
        study a seventh of its time.
        """
        labels: dict[str, list[Suite]] = {}
        for suite in self.suites:
            labels.setdefault(suite.suite, []).append(suite)
        found = []
        for label, suites in labels.items():
            asked = {key(each): each for suite in suites for each in suite.evaluations}
            whole = Suite(suite=label, evaluations=tuple(asked.values()))
            found.append(Answers(subjects=(self.base,), suite=whole))
            for suite in suites:
                for runs in self._on_one_base(suite):
                    found += [Answers(subjects=batch, suite=suite) for batch in _batches(runs)]
                if suite.sampling_seed is None:
                    versions = _batches(self.versions)
                    found += [Answers(subjects=batch, suite=suite) for batch in versions]
        return tuple(found)

    def _on_one_base(self, suite: Suite) -> list[tuple[Run, ...]]:
        """The runs that a suite measures, by the base that they are loaded on."""
        by_base: dict[str, list[Run]] = {}
        for run in self.runs:
            if suite.measures(run):
                by_base.setdefault(run.trained_base.name, []).append(run)
        return list(map(tuple, by_base.values()))

    @cached_property
    def scores(self) -> tuple[Scores, ...]:
        """The scores of all answers, in their order."""
        return tuple(Scores(answers=answers) for answers in self.answers)

    @cached_property
    def analyses(self) -> tuple[Spectra, ...]:
        """The spectra of all runs and published versions; none where the study asks for none."""
        if self.spectra is None:
            return ()
        subjects: tuple[Run | Published, ...] = (*self.runs, *self.versions)
        return tuple(Spectra(subject=each, settings=self.spectra) for each in subjects)

    @cached_property
    def sources(self) -> tuple[Artefact, ...]:
        """All that its report reads."""
        return (
            *self.data.values(),
            self.base,
            *self.runs,
            *self.versions,
            *self.answers,
            *self.scores,
            *self.analyses,
        )


def _batches(subjects: tuple[Together, ...]) -> list[tuple[Together, ...]]:
    """Those that one process asks."""
    return [subjects[at : at + TOGETHER] for at in range(0, len(subjects), TOGETHER)]
