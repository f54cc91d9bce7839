"""Checks of what is measured: names, headline, held-out data, spectra."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rankscope.check.subject import Subject
from rankscope.errors import ArtefactError, DataError
from rankscope.records.data import Continuations, DataSpec, HubDataset, StandardLibrary, TextFiles
from rankscope.records.evaluations import BitsPerByte, Generate
from rankscope.records.instructions import Mixture, Niv2Mirror, Niv2Tasks, TaskSpec, TestSet
from rankscope.records.labelled import LabelledText
from rankscope.studies.mistakes import shown, suggestion
from rankscope.studies.source import Mistake, Place
from rankscope.text.contamination import FOR_A_CHECK, Reader, findings

if TYPE_CHECKING:
    import polars as pl


def something_is_measured(subject: Subject) -> Iterator[Mistake]:
    """A study has evaluations, spectra, or both."""
    if not subject.file.evaluate and subject.file.spectra is None:
        yield Mistake(
            ("evaluate",),
            "there is neither an evaluation nor `spectra`, so that nothing would be measured; give"
            " one of the two",
        )


def evaluation_names(subject: Subject) -> Iterator[Mistake]:
    """Scores are told apart by the evaluation's name."""
    first: dict[str, Place] = {}
    for place, evaluation in subject.evaluations():
        if evaluation.name in first:
            line = subject.source.line(first[evaluation.name])
            yield Mistake(
                (*place, "name"),
                f"{shown(evaluation.name)} names two evaluations, already the one in line"
                f" {line}; give each its own name",
            )
        first.setdefault(evaluation.name, place)


def headline(subject: Subject) -> Iterator[Mistake]:
    """The headline shows one evaluation of learning and one of forgetting."""
    known = {evaluation.name: evaluation for _, evaluation in subject.evaluations()}
    for key, name in zip(("learning", "forgetting"), subject.study.headline or (), strict=False):
        allowed = [evaluation.name for evaluation in known.values() if evaluation.measures == key]
        listed = f"allowed: {', '.join(allowed) or 'none is defined'}"
        if name not in known:
            yield Mistake(
                ("headline", key),
                f"{shown(name)} is no evaluation{suggestion(name, allowed)}; {listed}",
            )
        elif name not in allowed:
            yield Mistake(
                ("headline", key),
                f"{shown(name)} has `measures: {known[name].measures}`; {listed}",
            )


def held_out(subject: Subject) -> Iterator[Mistake]:
    """What is held out for evaluation is no training text under another split."""
    trained: dict[str, DataSpec] = {run.data.name: run.data for run in subject.study.runs}
    trained |= {data.name: data for data in subject.study.base.learned_from}
    for place, evaluation in subject.evaluations():
        measured = evaluation.data
        if isinstance(measured, TestSet):
            yield from _kept_out(subject, measured, (*place, "data"))
            continue
        for other in trained.values():
            if _split(measured)[0] == _split(other)[0] and _split(measured) != _split(other):
                yield Mistake(
                    (*place, "data"),
                    f"{shown(subject.source.value((*place, 'data')))} splits the same"
                    f" source otherwise than {subject.label(other)}, which is trained on, so"
                    " that held-out text would have been trained on; give both the same"
                    f" {' and '.join(_different(measured, other))}",
                )
                break


def heads(subject: Subject) -> Iterator[Mistake]:
    """A classifier is asked of runs that were trained on the same labels, in the same order."""
    for place, evaluation in subject.evaluations():
        if not isinstance(evaluation.data, LabelledText):
            continue
        for data in {run.data.name: run.data for run in subject.study.runs}.values():
            if data.head != evaluation.head:
                yield Mistake(
                    (*place, "data"),
                    f"{shown(subject.source.value((*place, 'data')))} asks for one of the labels"
                    f" {', '.join(evaluation.data.labels)}, and what is trained on"
                    f" {subject.label(data)} is no classifier of these, in this order; allowed:"
                    " runs on labelled text with the same `labels`",
                )
                break


def overlaps(subject: Subject) -> list[str]:
    """Note what is measured and trained on, or measured as learning and as forgetting."""
    places = {evaluation.name: (*place, "data") for place, evaluation in subject.evaluations()}
    return [
        subject.note(places[finding.evaluation], finding.text)
        for finding in findings(subject.study, FOR_A_CHECK, read_documents)
    ]


def few_documents(subject: Subject) -> list[str]:
    """Note where an evaluation asks for more documents than are held out, as far as it is known."""
    reader = Reader(FOR_A_CHECK, read_documents)
    found = []
    for place, evaluation in subject.evaluations():
        if not isinstance(evaluation, BitsPerByte) or evaluation.documents is None:
            continue
        heldout = reader.texts(evaluation.data, True)
        if heldout is not None and len(heldout.hashes) < evaluation.documents:
            there, label = len(heldout.hashes), subject.label(evaluation.data)
            text = (
                f"{evaluation.documents:,} documents are asked for, and {label} holds out"
                f" {there:,}: all {there:,} are read; to measure on more, raise `heldout_fraction`"
                f" of {label} or give it more text"
            )
            found.append(subject.note((*place, "documents"), text))
    return found


@cache
def read_documents(spec: DataSpec) -> "pl.DataFrame | None":
    """Make the rows of one's own documents; None where the check of the files objects to them."""
    from rankscope.data.rows import source_of

    try:
        rows: pl.DataFrame = source_of(spec).content(spec, ()).rows
    except (DataError, ArtefactError):
        return None
    return rows


def answers(subject: Subject) -> Iterator[Mistake]:
    """Prompt and answer fit into the base's context together."""
    limit = subject.context
    for place, evaluation in subject.evaluations():
        if limit is None or not isinstance(evaluation, Generate):
            continue
        if evaluation.prompt_tokens + evaluation.answer_tokens > limit:
            yield Mistake(
                (*place, "prompt_tokens"),
                f"{evaluation.prompt_tokens} tokens of prompt and {evaluation.answer_tokens} of"
                f" answer are above the base's context of {limit}; allowed: at most"
                f" {max(0, limit - evaluation.answer_tokens)} beside such an answer",
            )


def spectra(subject: Subject) -> Iterator[Mistake]:
    """No more leading vectors are asked for than the smallest matrix has."""
    settings = subject.study.spectra
    if settings is None or subject.shape is None or not subject.shape.matrices:
        return
    smallest = min(subject.shape.matrices, key=lambda matrix: matrix.smaller_dimension)
    asked: list[tuple[Place, int]] = [(subject.entry(("spectra", "ks"), k), k) for k in settings.ks]
    asked.append((("spectra", "similarity_size"), settings.similarity_size))
    for place, size in asked:
        if size > smallest.smaller_dimension:
            yield Mistake(
                place,
                f"{size} leading vectors are more than {smallest.module} has"
                f" ({smallest.rows} × {smallest.columns}); allowed: at most"
                f" {smallest.smaller_dimension}",
            )


def _kept_out(subject: Subject, measured: TestSet, place: Place) -> Iterator[Mistake]:
    """Mixtures keep out their own two test sets, and no other."""
    for run in subject.study.runs:
        mixture = run.data
        if not isinstance(mixture, Mixture):
            continue
        if mixture.tasks != measured.tasks:
            if _origin(mixture.tasks) == _origin(measured.tasks):
                yield Mistake(
                    place,
                    f"{shown(subject.source.value(place))} is drawn from"
                    f" {subject.label(measured.tasks)}, which reads the same tasks otherwise than"
                    f" {subject.label(mixture.tasks)}, of which {subject.label(mixture)} is made,"
                    " so that its items may have been trained on; give both the same `tasks`",
                )
                return
            continue
        own = mixture.test_set(measured.kind)
        drawn = measured.drawn(mixture.sampling)
        if drawn != own:
            fitting = ", ".join(
                f"{key}: {getattr(own, key)}"
                for key in type(own).model_fields
                if getattr(own, key) != getattr(drawn, key)
            )
            yield Mistake(
                place,
                f"{shown(subject.source.value(place))} is not the test set that"
                f" {subject.label(run.data)} keeps out of training, so that its items would have"
                f" been trained on; it should have {fitting}",
            )
            return


def _origin(collection: TaskSpec) -> tuple[str, str]:
    """Where the tasks come from, whatever of them is read."""
    if isinstance(collection, Niv2Tasks):
        return collection.source, str(Path(collection.path).resolve())
    if isinstance(collection, Niv2Mirror):
        return collection.source, collection.repository
    return collection.source, ""


def _split(spec: DataSpec) -> tuple[tuple[object, ...], dict[str, object]]:
    """What a variant is taken from, and what decides which of it is held out."""
    if isinstance(spec, Continuations):
        return _split(spec.documents)
    if isinstance(spec, LabelledText):
        split = ("heldout_fraction", "heldout_path", "max_rows", "seed")
        taken = (spec.source, str(Path(spec.path)), *spec.text_fields)
        return taken, {key: getattr(spec, key) for key in split}
    if not isinstance(spec, StandardLibrary | TextFiles | HubDataset):
        return (spec.name,), {}  # instruction data: see `_kept_out`
    decides: dict[str, object] = {"heldout_fraction": spec.heldout_fraction, "seed": spec.seed}
    if isinstance(spec, StandardLibrary):
        # code and English of the same modules: both hold out the same ones, before any cap
        return (spec.source,), decides
    decides["max_bytes"] = spec.max_bytes
    if isinstance(spec, TextFiles):
        return (spec.source, str(Path(spec.path)), spec.text_field), decides
    of_hub = (spec.source, spec.repository, spec.configuration, spec.split, spec.text_field)
    return of_hub, decides


def _different(one: DataSpec, other: DataSpec) -> list[str]:
    first, second = _split(one)[1], _split(other)[1]
    return [key for key in first if first[key] != second[key]]
