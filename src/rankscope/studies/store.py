"""Which study describes what: the records behind the names and labels that a person or a job gives.

Guarantees: a *label* (`code`, `demo`, `lora-r16@0`, `base`) means what the study at hand calls so,
and nothing else: no other study is asked. An artefact's *name* (`lora-r16-3f9a1c2b`) covers
everything that decides its record, so it does not matter in which study the record is found: the
study at hand, those of `workflow/studies`, or any that a workflow was started with. Study files are
read when they are needed: a broken one does not hinder the others.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

from rankscope.errors import StudyError
from rankscope.records.bases import TrainedBase
from rankscope.records.data import DataSpec
from rankscope.records.evaluations import SpectraSettings, Suite
from rankscope.records.runs import Run
from rankscope.records.study import Study
from rankscope.studies.expand import STUDIES, load_study, study_path
from rankscope.studies.mistakes import suggestion
from rankscope.studies.snapshot import read_snapshot, snapshots

logger = logging.getLogger(__name__)

Record = TypeVar("Record")
MOST_LISTED = 12
ARTEFACT_NAME = re.compile(r"-[0-9a-f]{8}$")


class Studies:
    """The study at hand, and behind it all others, for what is asked for by its artefact's name.

    Args:
        study: name (`demo`) or path (`path/to/mine.yaml`) of the study at hand, or a snapshot.
        repository: folder whose `workflow/studies` are known by name; default: the current one.
    """

    def __init__(self, study: str, repository: Path = Path()) -> None:
        self._at_hand = study
        self._repository = repository
        self._load = cache(load_study)

    @property
    def current(self) -> Study:
        """The study at hand."""
        return self._load(self._file_of(self._at_hand))

    def named(self, name: str) -> Study:
        """Return the study called `name`."""
        return self.current if name == self.current.study else self._load(self._file_of(name))

    def called(self, typed: str) -> str:
        """Return the artefact's name of a run or base for what a person may type instead.

        `base` is the base of the study at hand, `lora-r16@0` its run of that method and seed;
        anything else must be the name of a run or base that some study describes.

        Raises:
            StudyError: the study has no such run or several, or no study describes the name.
        """
        if any(typed in study.bases or typed in study.runs_by_name for study in self._readable()):
            return typed
        if typed == "base":
            return self._told(typed, self.current.base.name)
        labelled = _labelled_runs(self.current).get(typed, [])
        if len(labelled) > 1:
            names = ", ".join(run.name for run in labelled)
            raise StudyError(f"{typed}: several runs are called so, name one: {names}")
        if not labelled:
            raise self._unknown("run", typed, [*_labelled_runs(self.current), "base"])
        return self._told(typed, labelled[0].name)

    def run(self, name: str) -> Run:
        """Return the run called `name`."""
        return self._find("run", name, lambda study: study.runs_by_name)

    def base(self, name: str) -> TrainedBase:
        """Return the base called `name`."""
        return self._find("base", name, lambda study: study.bases)

    def base_of(self, name: str) -> TrainedBase:
        """Return the base that the run called `name` is trained on; a base is its own."""
        for study in self._readable():
            if name in study.bases:
                return study.bases[name]
        return self.run(name).trained_base

    def variant(self, name: str) -> DataSpec:
        """Return the data variant called `name`, or labelled so in the study at hand."""
        return self._find(
            "data variant",
            name,
            lambda study: {spec.name: spec for spec in study.variants.values()},
            lambda study: study.data,
        )

    def suite(self, name: str) -> Suite:
        """Return the evaluation suite called `name`, or labelled so in the study at hand."""
        return self._find(
            "suite",
            name,
            lambda study: {suite.name: suite for suite in study.suites},
            lambda study: {suite.label: suite for suite in study.suites},
        )

    def spectra(self, name: str) -> SpectraSettings:
        """Return the spectra settings called `name`."""
        return self._find(
            "spectra settings",
            name,
            lambda study: {study.spectra.name: study.spectra} if study.spectra else {},
        )

    def _find(
        self,
        kind: str,
        typed: str,
        names: Callable[[Study], dict[str, Record]],
        labels: Callable[[Study], dict[str, Record]] | None = None,
    ) -> Record:
        """Return what some study describes under a name, or the study at hand under a label."""
        for study in self._readable():
            if typed in names(study):
                return names(study)[typed]
        known = labels(self.current) if labels else {}
        if typed in known:
            self._told(typed, next(n for n, r in names(self.current).items() if r == known[typed]))
            return known[typed]
        raise self._unknown(kind, typed, list(known or names(self.current)))

    def _told(self, label: str, name: str) -> str:
        logger.info("%s of %s is %s", label, self.current.path, name)
        return name

    def _unknown(self, kind: str, typed: str, known: list[str]) -> StudyError:
        listed = ", ".join(known[:MOST_LISTED]) or "none"
        if len(known) > MOST_LISTED:
            listed += f", … (`rankscope check {self.current.path}` lists all)"
        hint = suggestion(typed, known)
        if ARTEFACT_NAME.search(typed):
            return StudyError(
                f"no study describes a {kind} {typed!r}{hint}; {self.current.path} has: {listed}."
                " What was edited in a study or in its data since has another name now"
            )
        return StudyError(
            f"the study {self.current.study} ({self.current.path}) has no {kind} {typed!r}{hint};"
            f" it has: {listed}. `--study NAME_OR_FILE` asks another study"
        )

    def _readable(self) -> Iterator[Study]:
        """Every study that can be read; the errors of one are told when it is asked for."""
        for study in (self._at_hand, *self._shipped()):
            try:
                yield self._load(self._file_of(study))
            except StudyError:
                continue
        for path in snapshots():
            try:
                yield read_snapshot(path)
            except StudyError as error:
                logger.info("%s", error)

    def _shipped(self) -> Iterable[str]:
        folders = dict.fromkeys([STUDIES, self._repository / STUDIES])
        return [path.stem for folder in folders for path in sorted(folder.glob("*.yaml"))]

    def _file_of(self, study: str) -> Path:
        """The file of a study; one that is named may be the repository's."""
        here = study_path(study)
        named = here.parent == STUDIES and not here.exists()
        return self._repository / here if named else here


def _labelled_runs(study: Study) -> dict[str, list[Run]]:
    """The runs under method@seed."""
    found: dict[str, list[Run]] = {}
    for run in study.runs:
        found.setdefault(f"{run.method.slug}@{run.seed}", []).append(run)
    return found
