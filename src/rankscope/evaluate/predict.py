"""The stage function `predict`: what versions of a model say about every item, unscored.

Guarantees: one process reads the items once and visits all versions of one base. What a version
says of one evaluation is an artefact of its own: what is whole stays when the process is killed,
and is not asked again as long as weights and items are those it was made from. The rows depend on
the weights, the items and the thread count alone, so that equal versions give equal tables. A run
without any kept step (diverged at once) has no parts. Not here: scores (`score`).
"""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts import layout
from rankscope.artefacts.manifest import Manifest, manifest
from rankscope.artefacts.parts import Part, is_current, list_parts
from rankscope.artefacts.reading import verified
from rankscope.errors import ArtefactError
from rankscope.evaluate.kind import Prepared, kind_of
from rankscope.evaluate.tables import COMMON
from rankscope.progress import Progress
from rankscope.records.evaluations import Evaluation, key
from rankscope.records.heads import Head
from rankscope.records.versions import Version

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """Versions of one base and what is asked of all of them, under the name of the answers."""

    name: str
    versions: tuple[Version, ...]
    evaluations: tuple[Evaluation, ...]


@dataclass(frozen=True)
class _Question:
    """One evaluation of one version."""

    version: Version
    evaluation: Evaluation
    spec: dict[str, Any]
    inputs: dict[str, str]

    @property
    def part(self) -> Part:
        return Part(self.version.name, key(self.evaluation))

    @property
    def path(self) -> Path:
        return Path(layout.predictions(self.part.name))

    @property
    def is_answered(self) -> bool:
        return is_current(self.path.with_suffix(".json"), self.spec, self.inputs)


def predict(jobs: Sequence[Job], again: bool = False) -> None:
    """Write what the versions say, each evaluation apart, as far as that is not there.

    Args:
        jobs: their versions are all of one base.
        again: ask also what was asked before.

    Raises:
        ArtefactError, DataError, ModelError: an input is missing or does not fit.
    """
    bases = {version.origin for job in jobs for version in job.versions}
    if len(bases) > 1:
        raise ArtefactError(
            f"one job asks versions of one base; these are of {', '.join(sorted(bases))}: start a"
            " job for each"
        )
    bench = _Bench()
    for number, job in enumerate(jobs):
        with manifest(
            Path(layout.answers_manifest(job.name)), "evaluate-predict", job.name, _spec(job)
        ) as record:
            if number:
                record.startup_seconds = 0.0
            _answer(job, record, bench, again)


def _spec(job: Job) -> dict[str, Any]:
    return {
        "versions": [version.name for version in job.versions],
        "evaluations": [each.canonical() for each in job.evaluations],
    }


def _answer(job: Job, record: Manifest, bench: "_Bench", again: bool) -> None:
    """Ask what a job lacks, and list all of it in the manifest of the job."""
    questions = list(_questions(job))
    lacking = [each for each in questions if again or not each.is_answered]
    if not job.versions:
        logger.warning("%s: no step was kept, so that nothing is asked", job.name)
    if len(lacking) < len(questions):
        logger.info("%s: %d of %d were answered before", job.name,
                    len(questions) - len(lacking), len(questions))  # fmt: skip
    if lacking:
        bench.load(lacking[0])
        bench.prepare(each.evaluation for each in lacking)
    if not bench.is_working:
        record.work_begins()
        bench.is_working = True
    seconds = dict.fromkeys((each.name for each in job.evaluations), 0.0)
    progress = Progress(
        f"evaluate {job.name}", sum(bench.items(each.evaluation) for each in lacking)
    )
    for question in lacking:
        started = time.monotonic()
        bench.ask(question, progress)
        seconds[question.evaluation.name] += time.monotonic() - started
    list_parts(record, ((each.part, each.path) for each in questions))
    record.results |= {
        "asked": len(lacking),
        "seconds": {name: round(spent, 2) for name, spent in seconds.items()},
    }


def _questions(job: Job) -> Iterable[_Question]:
    """Yield every question, version by version, with the hashes of all that its answer rests on."""
    for version in job.versions:
        weights = [Path(layout.base_model(version.origin)), version.folder]
        read = {path.as_posix(): verified(path) for path in weights if path is not None}
        for evaluation in job.evaluations:
            rows = Path(layout.data_rows(evaluation.data.name))
            spec = {"evaluation": evaluation.canonical(), "scale": version.scale}
            yield _Question(version, evaluation, spec, read | {rows.as_posix(): verified(rows)})


@dataclass
class _Bench:
    """What a process keeps from question to question: the tokenizer, the items, the last model."""

    is_working: bool = False
    _loaded: tuple[str, Head] | None = None
    _looks_back: bool = False
    _model: Any = None
    _tokenizer: Any = None
    _prepared: dict[str, Prepared] = field(default_factory=dict)
    _base: Path = Path()

    def load(self, question: _Question) -> None:
        """Have the weights of the version loaded, under the head of the evaluation."""
        from rankscope.evaluate.weights import load_tokenizer, load_version
        from rankscope.weights.causality import refuse_foresight

        version, head = question.version, question.evaluation.head
        if (version.name, head) == self._loaded:
            return
        if self._tokenizer is None:
            self._base = Path(layout.base_model(version.origin))
            self._tokenizer = load_tokenizer(self._base)
        self._model = None  # frees the memory of the last version before the next is read
        self._model, self._loaded = load_version(version, head), (version.name, head)
        if head.looks_back and not self._looks_back:
            refuse_foresight(self._model)
            self._looks_back = True

    def prepare(self, evaluations: Iterable[Evaluation]) -> None:
        """Read and tokenise the items of evaluations, each once."""
        for evaluation in evaluations:
            if key(evaluation) not in self._prepared:
                rows = Path(layout.data_rows(evaluation.data.name))
                self._prepared[key(evaluation)] = kind_of(evaluation).prepare(
                    evaluation, rows, self._base, self._tokenizer
                )

    def items(self, evaluation: Evaluation) -> int:
        """Number of items of a prepared evaluation."""
        return self._prepared[key(evaluation)].items

    def ask(self, question: _Question, progress: Progress) -> None:
        """Write what the version says of the evaluation, whole or not at all."""
        version, evaluation = question.version, question.evaluation
        self.load(question)
        columns = COMMON | kind_of(evaluation).COLUMNS
        shared = version.keys | {
            "evaluation": evaluation.name,
            "kind": evaluation.kind,
            "measures": evaluation.measures,
        }
        where = question.path.with_suffix(".json")
        with manifest(where, "evaluate-predict", question.part.name, question.spec) as record:
            record.startup_seconds = 0.0
            record.inputs |= question.inputs
            note = f"{version.name} {evaluation.name}"
            rows = self._prepared[key(evaluation)].rows(
                self._model, partial(progress.advance, note=note)
            )
            listed = [tuple(map((shared | row).get, columns)) for row in rows]
            record.parquet(question.path, pl.DataFrame(listed, schema=columns, orient="row"))
            record.results = {"rows": len(listed)}
