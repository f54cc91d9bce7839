"""What a person or a job calls an artefact, and the record that is meant.

Guarantees: an artefact's *name* (`lora-r16-3f9a1c2b`) covers everything that decides its record, so
it does not matter where that is found: among those that a workflow was started with, in the study
at hand, or in those of `workflow/studies`. A *label* (`code`, `lora-r16@0`, `base`) means what the
study at hand calls so, and nothing else. What is made of a run, a base or a variant may be called
like it. Study files are read when they are needed: a broken one does not hinder the others.
"""

import logging
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

from rankscope.errors import StudyError
from rankscope.records.bases import Base
from rankscope.records.measurements import Answers, Published, Scores
from rankscope.records.packed import Packed
from rankscope.records.record import Artefact
from rankscope.records.runs import Run
from rankscope.records.spectra import Decomposition, Spectra
from rankscope.records.study import Study
from rankscope.records.variant import Data
from rankscope.studies.expand import STUDIES, load_study, study_path
from rankscope.studies.file import configured_study
from rankscope.studies.graph import walk
from rankscope.studies.mistakes import suggestion
from rankscope.studies.store import kept

logger = logging.getLogger(__name__)

Kind = TypeVar("Kind", bound=Artefact)
MOST_LISTED = 12
NOUNS: dict[type[Artefact], str] = {
    Data: "data variant", Packed: "packed data", Base: "base", Run: "run", Published: "version",
    Answers: "answers", Scores: "scores", Decomposition: "decomposed base", Spectra: "spectra",
}  # fmt: skip


class Studies:
    """The study at hand, and behind it all others, for what is asked for by its artefact's name.

    Args:
        study: name (`demo`) or path (`path/to/mine.yaml`) of the study at hand, or the record of
            one; default: the study of config.yaml.
        repository: folder whose `workflow/studies` are known by name; default: the current one.
    """

    def __init__(self, study: str | None = None, repository: Path = Path()) -> None:
        self._at_hand = study
        self._repository = repository
        self._load = cache(load_study)
        self._by_name: dict[str, dict[str, Artefact]] = {}

    @property
    def current(self) -> Study:
        """The study at hand."""
        if self._at_hand is None:
            self._at_hand = configured_study()
        return self._load(self._file_of(self._at_hand))

    def named(self, name: str) -> Study:
        """Return the study called `name`."""
        return self.current if name == self.current.study else self._load(self._file_of(name))

    def artefact(self, name: str) -> Artefact:
        """Return the record of the artefact called `name`.

        Raises:
            StudyError: no workflow was started with it, and no study describes it.
        """
        record = kept(name)
        if record is not None:
            return record
        for study, _ in self._readable():
            if name in self._records(study):
                return self._records(study)[name]
        raise self._unknown(Artefact, name, [])

    def find(self, kind: type[Kind], typed: str, suite: str | None = None) -> Kind:
        """Return what `typed` means where an artefact of a kind is asked for.

        Args:
            kind: what is asked for.
            typed: its name; the name of the run, base or variant that it is made of; or a label of
                the study at hand.
            suite: label or name of the suite, of answers and scores.

        Raises:
            StudyError: there is no such artefact, or there are several.
        """
        record = kept(typed)
        if isinstance(record, kind):
            return record
        for study, at_hand in self._readable():
            asked = list(self._asked(study, kind, suite))
            found = [each for each in asked if typed in (each.name, _subject(each).name)]
            if at_hand and not found:
                found = [each for each in asked if typed in _labels(study, _subject(each))]
                if found:
                    logger.info("%s of %s is %s", typed, study.path, _subject(found[0]).name)
            if len(found) > 1:
                names = ", ".join(each.name for each in found)
                suites = dict.fromkeys(label for each in found for label in _suites(each)[:1])
                which = f"; or choose by --suite: {', '.join(suites)}" if suites else ""
                text = f"{typed} stands for {len(found)} of the kind {NOUNS[kind]!r}: name one"
                raise StudyError(f"{text}, {names}{which}")
            if found:
                return found[0]
        asked = list(self._asked(self.current, kind, None))
        known = [label for each in asked for label in _labels(self.current, _subject(each))]
        told = typed if suite is None else f"{typed} --suite {suite}"
        raise self._unknown(kind, told, list(dict.fromkeys(known)))

    def _records(self, study: Study) -> dict[str, Artefact]:
        """All artefacts of a study, by name."""
        if study.name not in self._by_name:
            self._by_name[study.name] = {each.name: each for each in walk(*study.sources)}
        return self._by_name[study.name]

    def _asked(self, study: Study, kind: type[Kind], suite: str | None) -> Iterator[Kind]:
        for record in self._records(study).values():
            if isinstance(record, kind) and (suite is None or suite in _suites(record)):
                yield record
                yield from _apart(record)

    def _unknown(self, kind: type[Artefact], typed: str, known: list[str]) -> StudyError:
        listed = ", ".join(known[:MOST_LISTED]) or "none"
        if len(known) > MOST_LISTED:
            listed += f", … (`rankscope check {self.current.path}` lists all)"
        return StudyError(
            f"the study {self.current.study} ({self.current.path}) has no"
            f" {NOUNS.get(kind, 'artefact')} {typed!r}{suggestion(typed, known)}; it has: {listed}."
            " `--study NAME_OR_FILE` asks another study; what was edited in a study or in its data"
            " since has another name now"
        )

    def _readable(self) -> Iterator[tuple[Study, bool]]:
        """Every study that can be read, that at hand first; its errors are told by `current`."""
        for study in (None, *self._shipped()):
            try:
                read = self.current if study is None else self._load(self._file_of(study))
            except StudyError:
                continue
            yield read, study is None

    def _shipped(self) -> Iterable[str]:
        folders = dict.fromkeys([STUDIES, self._repository / STUDIES])
        return [path.stem for folder in folders for path in sorted(folder.glob("*.yaml"))]

    def _file_of(self, study: str) -> Path:
        """The file of a study; one that is named may be the repository's."""
        here = study_path(study)
        named = here.parent == STUDIES and not here.exists()
        return self._repository / here if named else here


def _subject(record: Artefact) -> Artefact:
    """What a person means who calls an artefact: itself, or what it is made of."""
    match record:
        case Packed():
            return record.data
        case Decomposition():
            return record.base
        case Spectra():
            return record.subject
        case Answers(subjects=(subject,)) | Scores(answers=Answers(subjects=(subject,))):
            return subject
        case _:
            return record


def _apart(record: Kind) -> Iterator[Kind]:
    """Yield the answers, or their scores, of each subject where a job makes those of several."""
    if isinstance(record, Answers | Scores):
        yield from cast("tuple[Kind, ...]", record.of_each_subject)


def _suites(record: Artefact) -> tuple[str, ...]:
    answers = record.answers if isinstance(record, Scores) else record
    if not isinstance(answers, Answers):
        return ()
    return answers.suite.label, answers.suite.name


def _labels(study: Study, record: Artefact) -> list[str]:
    """What a study calls a variant, a run, or its base."""
    match record:
        case Data():
            return [label for label, spec in study.data.items() if spec.name == record.name]
        case Run():
            # those that its base is made from have no label
            return [f"{record.method.slug}@{record.seed}"] if study.has(record) else []
        case Published():
            return [record.label]
        case Base():
            return ["base"] if record.name == study.base.name else []
        case _:
            return []
