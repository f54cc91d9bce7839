"""Which study describes what: the records behind the names that paths and commands carry.

Guarantees: a run, base, data variant, suite or settings record is found by its artefact's name in
the study that was asked for and, failing that, in any study of `workflow/studies`. Study files are
read when they are needed: a broken one does not hinder the others. Since a name covers everything
that decides a record, it does not matter in which study a record is found.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import TypeVar

from rankscope.errors import StudyError
from rankscope.study.expand import STUDIES, load_study
from rankscope.study.specs import BaseSpec, DataSpec, Run, SpectraSettings, Study, Suite

Record = TypeVar("Record")


class Studies:
    """The study asked for, and behind it all studies of the repository.

    Args:
        study: name (`demo`) or path (`path/to/mine.yaml`) of the study asked for.
    """

    def __init__(self, study: str) -> None:
        self._asked_for = study
        self._load = cache(load_study)

    @property
    def current(self) -> Study:
        """The study that was asked for."""
        return self._load(self._asked_for)

    def named(self, name: str) -> Study:
        """Return the study called `name`."""
        return self.current if name == self.current.study else self._load(name)

    def run(self, name: str) -> Run:
        """Return the run called `name`."""
        return self._find("run", name, lambda study: study.runs_by_name)

    def base(self, name: str) -> BaseSpec:
        """Return the base called `name`."""
        return self._find("base", name, lambda study: {study.base.name: study.base})

    def base_of(self, name: str) -> BaseSpec:
        """Return the base of the run called `name`; a base is its own."""
        for study in self._readable():
            if name == study.base.name:
                return study.base
        return self.run(name).base

    def variant(self, name: str) -> DataSpec:
        """Return the data variant called `name`, or labelled so in the study asked for."""
        return self._find(
            "data variant",
            name,
            lambda study: study.data | {spec.name: spec for spec in study.data.values()},
        )

    def suite(self, name: str) -> Suite:
        """Return the evaluation suite called `name`, or labelled so in the study asked for."""
        return self._find(
            "suite",
            name,
            lambda study: (
                {suite.suite: suite for suite in study.suites}
                | {suite.name: suite for suite in study.suites}
            ),
        )

    def spectra(self, name: str) -> SpectraSettings:
        """Return the spectra settings called `name`."""
        return self._find(
            "spectra settings",
            name,
            lambda study: {study.spectra.name: study.spectra} if study.spectra else {},
        )

    def _find(self, kind: str, name: str, records: Callable[[Study], dict[str, Record]]) -> Record:
        for study in self._readable():
            known = records(study)
            if name in known:
                return known[name]
        own = ", ".join(records(self.current)) or "none"
        raise StudyError(
            f"no study describes a {kind} {name!r}; {self.current.path} describes: {own}."
            " If a study file was edited after the name was printed, the name has changed with it"
        )

    def _readable(self) -> Iterator[Study]:
        yield self.current
        for path in sorted(STUDIES.glob("*.yaml")):
            try:
                yield self._load(path.stem)
            except StudyError:
                continue  # its own error is told when it is asked for
