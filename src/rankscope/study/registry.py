"""Which study describes what: the records behind the names that paths and commands carry.

Guarantees: a run, base, data variant, suite or settings record is found by its artefact's name in
the study that was asked for; failing that, in any study of `workflow/studies`; failing that, in any
study that a workflow was started with. So a study file may be edited while its jobs wait. Study
files are read when they are needed: a broken one does not hinder the others. Since a name covers
everything that decides a record, it does not matter in which study a record is found.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from rankscope.artefacts import layout
from rankscope.artefacts.files import replacing
from rankscope.errors import StudyError
from rankscope.study.expand import STUDIES, load_study
from rankscope.study.specs import DataSpec, Run, SpectraSettings, Study, Suite, TrainedBase

logger = logging.getLogger(__name__)

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

    def remember(self) -> None:
        """Keep the study as it is now, for the jobs of a workflow that starts with it."""
        content = self.current.model_dump_json()
        digest = hashlib.sha256(content.encode()).hexdigest()[:8]
        path = Path(layout.remembered_study(f"{self.current.study}-{digest}"))
        if not path.exists():
            with replacing(path) as temporary:
                temporary.write_text(content, "utf-8")

    def named(self, name: str) -> Study:
        """Return the study called `name`."""
        return self.current if name == self.current.study else self._load(name)

    def called(self, typed: str) -> str:
        """Return the artefact's name for what a person may type instead.

        `base` is the base of the study asked for, `lora-r16@0` its run of that method and seed;
        anything else is a name already.

        Raises:
            StudyError: no run or several runs of the study have that method and seed.
        """
        if typed == "base":
            return self.current.base.name
        method, at, seed = typed.partition("@")
        if not at:
            return typed
        runs = self.current.runs
        found = [run.name for run in runs if (run.method.slug, str(run.seed)) == (method, seed)]
        if len(found) == 1:
            return found[0]
        if found:
            raise StudyError(f"{typed}: several runs are called so, name one: {', '.join(found)}")
        known = ", ".join(dict.fromkeys(f"{run.method.slug}@{run.seed}" for run in runs))
        raise StudyError(f"{typed}: {self.current.path} has no such run; it has: {known}")

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
        """Return the data variant called `name`, or labelled so in the study asked for."""
        return self._find(
            "data variant",
            name,
            lambda study: study.variants,
        )

    def suite(self, name: str) -> Suite:
        """Return the evaluation suite called `name`, or labelled so in the study asked for."""
        return self._find(
            "suite",
            name,
            lambda study: study.suites_by_name,
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
        raise StudyError(f"no study describes a {kind} {name!r}; {self.current.path} has: {own}")

    def _readable(self) -> Iterator[Study]:
        """Every study that can be read; the errors of one are told when it is asked for."""
        for study in (self._asked_for, *(path.stem for path in sorted(STUDIES.glob("*.yaml")))):
            try:
                yield self._load(study)
            except StudyError:
                continue
        for path in Path().glob(layout.remembered_study("*")):
            try:
                yield Study.model_validate_json(path.read_text("utf-8"), strict=True)
            except ValidationError:
                logger.info("%s: of another version of rankscope, not read", path)
