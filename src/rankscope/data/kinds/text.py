"""One's own documents, from files on disk.

Guarantees: every document carries the file and the row it came from; what cannot be read as what
its suffix says is refused with file, line and reason, and with the byte where one is wrong. A
`.jsonl` or `.parquet` file holds one document per row, a `.txt` file is one document, or several
between blank lines where the study says so; a folder is searched for all three. Does not guess
encodings: text is UTF-8, with or without a byte order mark.
"""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from rankscope.artefacts.fingerprint import files_under, refuse_changed
from rankscope.data.content import Content
from rankscope.data.documents import documents_content
from rankscope.errors import DataError, StudyError
from rankscope.foreign import check_regular, is_folder, reading
from rankscope.records.data import TEXT_SUFFIXES, TextFiles
from rankscope.text.documents import Document, capped, heldout_groups, sha256, without_duplicates
from rankscope.text.lines import numbered_lines, printable, whole_text

logger = logging.getLogger(__name__)

# no number is looked at: any count of digits will do
_DECODER = json.JSONDecoder(parse_int=lambda digits: 0, parse_float=lambda digits: 0.0)
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
_SHOWN_FIELDS = 20


def content(spec: TextFiles, made_from: tuple[Path, ...] = ()) -> Content:
    """Tabulate the documents under `spec.path`.

    Raises:
        DataError: see `read`; or `max_bytes` leaves one of the splits empty.
    """
    del made_from
    return documents_content(spec.name, *read(spec))


def read(spec: TextFiles) -> tuple[list[Document], frozenset[str]]:
    """Return the documents under `spec.path` and the groups (text hashes) that are held out.

    Raises:
        DataError: the path, a field or a row is missing or malformed; fewer than two documents.
        ArtefactError: other files lie there than when the study was read.
    """
    root = Path(spec.path)
    refuse_changed(spec.name, spec.file_sets, spec.found)
    found = [document for path in source_files(root) for document in read_file(path, spec)]
    if not found:
        raise DataError(f"{root}: no documents in it")
    documents = capped(without_duplicates(found), spec.max_bytes, spec.seed)
    try:
        heldout = heldout_groups((d.group for d in documents), spec.heldout_fraction, spec.seed)
    except DataError as error:
        raise DataError(f"{root}: {error}") from None
    return documents, heldout


def source_files(root: Path) -> list[Path]:
    """Return the files that `root` stands for, sorted.

    Raises:
        DataError: nothing is there, nothing of a known kind, or a folder that cannot be searched.
    """
    allowed = ", ".join(TEXT_SUFFIXES)
    try:
        is_there = root.exists()
    except OSError as error:
        raise DataError(f"{printable(str(root))}: {error.strerror}; give another path") from None
    if not is_there:
        raise DataError(f"{root}: there is no such file or folder (from {Path.cwd()})")
    if is_folder(root):
        try:
            files = files_under(root, TEXT_SUFFIXES, strict=True)
        except StudyError as error:
            raise DataError(str(error)) from None
        if not files:
            raise DataError(f"{root}: the folder holds no {allowed} file")
        return files
    if root.suffix not in TEXT_SUFFIXES:
        raise DataError(f"{root}: cannot read a {root.suffix or 'file without suffix'}; {allowed}")
    return [root]


def read_file(path: Path, spec: TextFiles) -> Iterator[Document]:
    """Yield the documents of one file; `id` is the file, relative to the root, and the row.

    Raises:
        DataError: see `read`.
    """
    root = Path(spec.path)
    name = printable(path.relative_to(root).as_posix() if path != root else path.name)
    if path.suffix == ".txt":
        yield from _plain(path, name, spec.split_on_blank_lines)
    elif path.suffix == ".jsonl":
        yield from _json_lines(path, name, spec.text_field)
    else:
        yield from _parquet(path, name, spec.text_field)


def _document(identity: str, text: str, origin: str) -> Document:
    return Document(identity, text, origin, sha256(text))


def _plain(path: Path, name: str, several: bool) -> Iterator[Document]:
    text = whole_text(path)
    if not several:
        yield _document(name, text, name)
        return
    start, line = 0, 1
    for gap in [*_BLANK_LINES.finditer(text), None]:
        part = text[start : gap.start() if gap else len(text)]
        # white space before the first document is none of its lines
        first = line + part[: len(part) - len(part.lstrip())].count("\n")
        if part.strip():
            yield _document(f"{name}:{first}", part.strip("\n"), name)
        if gap:
            line += text.count("\n", start, gap.end())
            start = gap.end()


def _json_lines(path: Path, name: str, field: str) -> Iterator[Document]:
    for number, line in numbered_lines(path):
        where = f"{path}, line {number}"
        try:
            with reading(where, "this JSON", "mend the line or remove it", DataError):
                row = _DECODER.decode(line)
        except DataError as error:
            cause = error.__cause__
            if not isinstance(cause, json.JSONDecodeError):
                raise
            # the library counts lines within the line
            raise DataError(
                f"{where}: not valid JSON at character {cause.pos + 1}: {cause.msg}; mend the line"
                " or remove it"
            ) from cause
        if not isinstance(row, dict):
            raise DataError(f"{where}: an object is expected, not {type(row).__name__}")
        yield _document(f"{name}:{number}", text_of(row, field, where), name)


def _parquet(path: Path, name: str, field: str) -> Iterator[Document]:
    check_regular(path, DataError)
    with reading(path, "this parquet file", "write or fetch it again", DataError):
        # the name is a name: brackets and stars in it stand for themselves
        table = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        columns = table.collect_schema().names()
    if field not in columns:
        text_of(dict.fromkeys(columns), field, str(path))
    with reading(path, "this parquet file", "write or fetch it again", DataError):
        texts = table.select(field).collect()[field]
    for number, text in enumerate(texts, start=1):
        content = text_of({field: text}, field, f"{path}, row {number}")
        yield _document(f"{name}:{number}", content, name)


def text_of(row: dict[str, object], field: str, where: str, key: str = "text_field") -> str:
    """Return the text under `field` of one row.

    Raises:
        DataError: the row has no such field, or it holds no text that can be stored.
    """
    if field not in row:
        known = sorted(map(printable, row))
        listed = ", ".join(known[:_SHOWN_FIELDS]) + (" …" if len(known) > _SHOWN_FIELDS else "")
        raise DataError(
            f"{where}: there is no field {field!r}; it has: {listed or 'none'} (set {key})"
        )
    text = row[field]
    if not isinstance(text, str):
        raise DataError(f"{where}: field {field!r} holds {type(text).__name__}, not text")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = printable(text[error.start])
        raise DataError(
            f"{where}: field {field!r} holds half of a surrogate pair ({half}) as character"
            f" {error.start + 1}, which is no Unicode text; mend the row or remove it"
        ) from None
    return text
