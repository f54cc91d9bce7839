"""Labelled texts and pairs from one's own files.

Guarantees: every row carries the file and the row it came from; what cannot be read, a field that
is not there, a label that the record does not name, are refused with file and line. Texts that are
equal are one row, the first; equal texts lie on one side of the split, and training rows whose
texts a held-out file has are left out of training. Rows that give such texts another label are
counted apart, and warned of. Both sides have rows, and training rows have every label. Not here:
passages that different rows share, which pairs do on purpose.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts.fingerprint import files_under, refuse_changed
from rankscope.data.content import Content
from rankscope.data.kinds.text import text_of
from rankscope.errors import DataError, StudyError
from rankscope.foreign import check_regular, is_folder, reading
from rankscope.records.labelled import LABELLED_SUFFIXES, LabelledText
from rankscope.text.documents import HELDOUT, TRAIN, heldout_groups, seeded_order, sha256
from rankscope.text.lines import numbered_lines, printable

logger = logging.getLogger(__name__)

SCHEMA = pl.Schema(
    {
        "id": pl.String,
        "sha256": pl.String,
        "split": pl.String,
        "text": pl.String,
        "second": pl.String,
        "label": pl.String,
        "origin": pl.String,
        "bytes": pl.Int64,
    }
)


@dataclass(frozen=True)
class Example:
    """One row: a text or a pair, with its label."""

    id: str
    texts: tuple[str, ...]
    label: str
    origin: str

    @cached_property
    def group(self) -> str:
        """The hash by which texts are the same."""
        return sha256(json.dumps(self.texts))


@dataclass(frozen=True)
class _Sides:
    """Training rows, held-out rows, and how many were left out because their texts are there.

    `contradicting`: those of them that have another label than the row that stays.
    """

    training: list[Example]
    heldout: list[Example]
    left_out: int
    contradicting: int


def content(spec: LabelledText, made_from: tuple[Path, ...] = ()) -> Content:
    """Tabulate the rows of both sides.

    Raises:
        DataError: see `read_file`; a side is empty, or training rows lack a label.
        ArtefactError: other files lie there than when the study was read.
    """
    del made_from
    refuse_changed(spec.name, spec.file_sets, spec.found)
    sides = _sides(spec)
    training, heldout = sides.training, sides.heldout
    _check(spec, training, heldout)
    rows = [_row(each, TRAIN) for each in training] + [_row(each, HELDOUT) for each in heldout]
    counts = {
        split: dict(sorted(Counter(each.label for each in side).items()))
        for split, side in ((TRAIN, training), (HELDOUT, heldout))
    }
    logger.info(
        "%s: %d rows to train on, %d held out, %d repeated ones left out",
        *(spec.name, len(training), len(heldout), sides.left_out),
    )
    if sides.contradicting:
        logger.warning(
            "%s: %d of the repeated rows have another label than the row of the same text that is"
            " kept, the first (a held-out file's before others)",
            *(spec.name, sides.contradicting),
        )
    results = {"rows": counts, "left_out": sides.left_out, "contradicting": sides.contradicting}
    return Content(pl.DataFrame(rows, schema=SCHEMA), results)


def first_rows(spec: LabelledText, read_whole: int, most_files: int) -> bool:
    """Read the first row of every file, for a check; say whether all are small enough to read.

    Raises:
        DataError: see `read_file`.
    """
    files = [
        file
        for path in (spec.path, *([spec.heldout_path] if spec.heldout_path else []))
        for file in source_files(Path(path))[:most_files]
    ]
    for file in files:
        next(read_file(file, file.name, spec), None)
    return sum(check_regular(file, DataError) for file in files) <= read_whole


def _sides(spec: LabelledText) -> _Sides:
    """Read the rows, and split them."""
    found = list(read(spec.path, spec))
    distinct = _distinct(found)
    if spec.heldout_path is None:
        rows = _capped(list(distinct.values()), spec)
        try:
            groups = heldout_groups((each.group for each in rows), spec.fraction, spec.seed)
        except DataError as error:
            raise DataError(f"{spec.path}: {error}") from None
        training = [each for each in rows if each.group not in groups]
        heldout = [each for each in rows if each.group in groups]
        left_out = len(found) - len(distinct)
        return _Sides(training, heldout, left_out, _contradicting(found, distinct))
    given = list(read(spec.heldout_path, spec))
    apart = _distinct(given)
    new = [each for each in distinct.values() if each.group not in apart]
    return _Sides(
        _capped(new, spec),
        list(apart.values()),
        len(found) - len(new) + len(given) - len(apart),
        _contradicting([*given, *found], distinct | apart),
    )


def _distinct(rows: Iterable[Example]) -> dict[str, Example]:
    """Return the first row of every text, by the hash of the text, in order."""
    first: dict[str, Example] = {}
    for each in rows:
        first.setdefault(each.group, each)
    return first


def _contradicting(rows: Iterable[Example], kept: Mapping[str, Example]) -> int:
    """Count the rows that give a text another label than the row that is kept of it."""
    return sum(each.label != kept[each.group].label for each in rows)


def _capped(rows: list[Example], spec: LabelledText) -> list[Example]:
    """Keep `max_rows` of them, in seeded order drawn; a larger cap keeps all of a smaller one."""
    if spec.max_rows is None:
        return rows
    kept = set(seeded_order((each.group for each in rows), spec.seed)[: spec.max_rows])
    return [each for each in rows if each.group in kept]


def _check(spec: LabelledText, training: list[Example], heldout: list[Example]) -> None:
    """Refuse a side without rows, and training rows without one of the labels.

    Raises:
        DataError: so it is.
    """
    if not training or not heldout:
        side = "train on" if not training else "hold out"
        raise DataError(f"{spec.path}: no row is left to {side}; give more rows, or others")
    missing = [label for label in spec.labels if label not in {each.label for each in training}]
    if missing:
        raise DataError(
            f"{spec.path}: none of the {len(training)} rows to train on has the label"
            f" {missing[0]!r}; take it out of `labels`, or give more rows (`max_rows`)"
        )


def source_files(root: Path) -> list[Path]:
    """Return the files that `root` stands for, sorted.

    Raises:
        DataError: nothing is there, or nothing of a known kind.
    """
    allowed = " or ".join(LABELLED_SUFFIXES)
    if not root.exists():
        raise DataError(f"{root}: there is no such file or folder (from {Path.cwd()})")
    if is_folder(root):
        try:
            files = files_under(root, LABELLED_SUFFIXES, strict=True)
        except StudyError as error:
            raise DataError(str(error)) from None
        if not files:
            raise DataError(f"{root}: the folder holds no {allowed} file")
        return files
    if root.suffix not in LABELLED_SUFFIXES:
        kind = root.suffix or "file without suffix"
        raise DataError(f"{root}: cannot read labelled rows of a {kind}; allowed: {allowed}")
    return [root]


def read(path: str, spec: LabelledText) -> Iterator[Example]:
    """Yield the rows of a file or folder.

    Raises:
        DataError: see `read_file`.
    """
    root = Path(path)
    for file in source_files(root):
        name = printable(file.relative_to(root).as_posix() if file != root else file.name)
        yield from read_file(file, name, spec)


def read_file(path: Path, name: str, spec: LabelledText) -> Iterator[Example]:
    """Yield the rows of one file, called `name` in their ids.

    Raises:
        DataError: it cannot be read, a row has no such field, no text at all, or another label.
    """
    rows = _json_lines(path) if path.suffix == ".jsonl" else _parquet(path, spec)
    for number, where, row in rows:
        texts = tuple(text_of(row, field, where, "text_fields") for field in spec.text_fields)
        if not "".join(texts).strip():
            raise DataError(f"{where}: there is no text in it; mend the row or remove it")
        yield Example(f"{name}:{number}", texts, _label(row, spec, where), name)


def _label(row: dict[str, Any], spec: LabelledText, where: str) -> str:
    """Return the label of a row; a whole number is the label that is written so."""
    if spec.label_field not in row:
        text_of(row, spec.label_field, where, "label_field")
    value = row[spec.label_field]
    is_written = isinstance(value, str | int) and not isinstance(value, bool)
    label = str(value) if is_written else None
    if label not in spec.labels:
        raise DataError(
            f"{where}: the label in field {spec.label_field!r} is {value!r}; allowed:"
            f" {', '.join(spec.labels)} (set labels)"
        )
    return label


def _json_lines(path: Path) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for number, line in numbered_lines(path):
        where = f"{path}, line {number}"
        with reading(where, "this JSON", "mend the line or remove it", DataError):
            row = json.loads(line)
        if not isinstance(row, dict):
            raise DataError(f"{where}: an object is expected, not {type(row).__name__}")
        yield number, where, row


def _parquet(path: Path, spec: LabelledText) -> Iterator[tuple[int, str, dict[str, Any]]]:
    check_regular(path, DataError)
    with reading(path, "this parquet file", "write or fetch it again", DataError):
        # the name is a name: brackets and stars in it stand for themselves
        table = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        columns = table.collect_schema().names()
        asked = [name for name in (*spec.text_fields, spec.label_field) if name in columns]
        rows = table.select(asked).collect()
    known = dict.fromkeys(columns)
    for number, row in enumerate(rows.iter_rows(named=True), start=1):
        # where a field is missing, the message names those that there are
        whole = row if len(asked) > len(spec.text_fields) else known | row
        yield number, f"{path}, row {number}", whole


def _row(each: Example, split: str) -> dict[str, Any]:
    first, second = (*each.texts, None)[:2]
    return {
        "id": each.id,
        "sha256": each.group,
        "split": split,
        "text": first,
        "second": second,
        "label": each.label,
        "origin": each.origin,
        "bytes": sum(len(text.encode()) for text in each.texts),
    }
