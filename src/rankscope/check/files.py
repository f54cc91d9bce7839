"""Checks against other files: the data, and the names of other studies."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from rankscope.check.subject import Subject
from rankscope.errors import DataError
from rankscope.hub import Repository, cached_snapshot, not_cached, offline
from rankscope.records.data import Continuations, DataSpec, HubDataset, TextFiles
from rankscope.records.instructions import Mixture, Niv2Mirror, TestSet
from rankscope.records.labelled import LabelledText
from rankscope.studies.embedded import EmbeddedBase
from rankscope.studies.expand import STUDIES
from rankscope.studies.mistakes import shown
from rankscope.studies.source import Mistake, Place

MOST_LOOKED_AT = 200
"""Files of a folder that are opened here; the data stage reads them all."""
READ_WHOLE = 1 << 20
"""Bytes up to which a file is read to its end, and not only its first row."""


def name_of_study(subject: Subject) -> Iterator[Mistake]:
    """Two studies of one name would overwrite each other's report."""
    path, name = Path(subject.study.path), subject.study.study
    shipped = STUDIES / f"{name}.yaml"
    if path.stem == name or not (path.parent == STUDIES or shipped.exists()):
        return
    yield Mistake(
        ("study",),
        f"{shown(name)} is the name of another file ({shipped}), whose report this study would"
        f" overwrite; write `study: {path.stem}`, or rename this file to {name}.yaml",
    )


def data_is_there(subject: Subject) -> Iterator[Mistake]:
    """Files exist, are of a known kind and hold several documents; hub datasets can be reached."""
    for place, spec in variants(subject):
        if isinstance(spec, TextFiles):
            yield from _files(subject, spec, (*place, "path"))
        elif isinstance(spec, LabelledText):
            yield from _labelled(subject, spec, place)
        elif isinstance(spec, HubDataset | Niv2Mirror) and offline():
            repository = Repository("dataset", spec.repository, spec.revision)
            if cached_snapshot(repository) is None:
                yield Mistake((*place, "repository"), not_cached(repository))


def _files(subject: Subject, spec: TextFiles, place: Place) -> Iterator[Mistake]:
    from rankscope.data.kinds.text import read_file, source_files
    from rankscope.foreign import check_regular

    try:
        files = source_files(Path(spec.path))
        for path in files[:MOST_LOOKED_AT]:
            rows = read_file(path, spec)
            if check_regular(path, DataError) <= READ_WHOLE:
                deque(rows, maxlen=0)
            elif path.suffix != ".txt":
                # the first row tells whether `text_field` is right
                next(rows, None)
    except DataError as error:
        text = f"{shown(spec.path)} cannot be read: {error}{subject.path_hint(spec.path)}"
        yield Mistake(place, text)
        return
    one_document = len(files) == 1 and files[0].suffix == ".txt" and not spec.split_on_blank_lines
    if one_document:
        yield Mistake(
            place,
            f"{shown(spec.path)} is one .txt file, which counts as one document, of which nothing"
            " can be held out; allowed: `split_on_blank_lines: true`, a folder of several, or a"
            " .jsonl or .parquet file",
        )


def _labelled(subject: Subject, spec: LabelledText, place: Place) -> Iterator[Mistake]:
    """Rows have the fields and the labels; small files are split as the data stage splits them."""
    from rankscope.data.kinds.labelled import content, first_rows

    try:
        small = first_rows(spec, READ_WHOLE, MOST_LOOKED_AT)
        if small and spec.found is not None:
            content(spec)
    except DataError as error:
        hint = subject.path_hint(spec.path)
        yield Mistake((*place, "path"), f"{shown(spec.path)} cannot be used: {error}{hint}")


def variants(subject: Subject) -> Iterator[tuple[Place, DataSpec]]:
    """Every data variant with the place where it is written out."""
    for label, spec in subject.file.data.items():
        yield ("data", label), spec
        if isinstance(spec, Continuations):
            yield from _inline(subject, ("data", label, "documents"), spec.documents)
        if isinstance(spec, Mixture | TestSet):
            yield from _inline(subject, ("data", label, "tasks"), spec.tasks)
    if isinstance(subject.file.base, EmbeddedBase):
        yield from _inline(subject, ("base", "corpus"), subject.file.base.corpus)
    for place, evaluation in subject.evaluations():
        yield from _inline(subject, (*place, "data"), evaluation.data)


def _inline(subject: Subject, place: Place, spec: DataSpec) -> Iterator[tuple[Place, DataSpec]]:
    if isinstance(subject.source.value(place), dict):
        yield place, spec
