"""One's own documents, from files on disk.

Guarantees: every document carries the file and the row it came from; a file that cannot be read
as what its suffix says is refused with file, line and reason. A `.jsonl` or `.parquet` file holds
one document per row, a `.txt` file is one document, a folder is searched for all three. Does not
guess encodings: text is UTF-8.
"""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from rankscope.data.documents import Document, capped, heldout_groups, sha256, without_duplicates
from rankscope.errors import DataError
from rankscope.study.specs import TEXT_SUFFIXES, TextFiles

logger = logging.getLogger(__name__)


def read(spec: TextFiles) -> tuple[list[Document], frozenset[str]]:
    """Return the documents under `spec.path` and the groups (text hashes) that are held out.

    Raises:
        DataError: the path, a field or a row is missing or malformed; fewer than two documents.
    """
    root = Path(spec.path)
    found = [d for path in source_files(root) for d in read_file(path, root, spec.text_field)]
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
        DataError: nothing is there, or nothing of a known kind.
    """
    allowed = ", ".join(TEXT_SUFFIXES)
    if not root.exists():
        raise DataError(f"{root}: there is no such file or folder (from {Path.cwd()})")
    if root.is_dir():
        files = sorted(path for path in root.rglob("*") if path.suffix in TEXT_SUFFIXES)
        if not files:
            raise DataError(f"{root}: the folder holds no {allowed} file")
        return files
    if root.suffix not in TEXT_SUFFIXES:
        raise DataError(f"{root}: cannot read a {root.suffix or 'file without suffix'}; {allowed}")
    return [root]


def read_file(path: Path, root: Path, field: str) -> Iterator[Document]:
    """Yield the documents of one file; `id` is the file, relative to `root`, and the row."""
    name = path.relative_to(root).as_posix() if path != root else path.name
    try:
        if path.suffix == ".txt":
            yield _document(name, path.read_text("utf-8"), name)
        elif path.suffix == ".jsonl":
            yield from _json_lines(path, name, field)
        else:
            yield from _parquet(path, name, field)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: byte {error.start} is not UTF-8 ({error.reason}); convert the file to UTF-8"
        ) from None


def _document(identity: str, text: str, origin: str) -> Document:
    return Document(identity, text, origin, sha256(text))


def _json_lines(path: Path, name: str, field: str) -> Iterator[Document]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{where}: not valid JSON: {error}") from None
            if not isinstance(row, dict):
                raise DataError(f"{where}: an object is expected, not {type(row).__name__}")
            yield _document(f"{name}:{number}", text_of(row, field, where), name)


def _parquet(path: Path, name: str, field: str) -> Iterator[Document]:
    try:
        columns = list(pl.read_parquet_schema(path))
        if field not in columns:
            text_of(dict.fromkeys(columns), field, str(path))
        texts = pl.read_parquet(path, columns=[field])[field]
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path}: not a readable parquet file: {error}") from None
    for number, text in enumerate(texts, start=1):
        content = text_of({field: text}, field, f"{path}, row {number}")
        yield _document(f"{name}:{number}", content, name)


def text_of(row: dict[str, object], field: str, where: str) -> str:
    """Return the text under `field` of one row.

    Raises:
        DataError: the row has no such field, or it holds no text.
    """
    if field not in row:
        known = ", ".join(sorted(row)) or "none"
        raise DataError(f"{where}: there is no field {field!r}; it has: {known} (set text_field)")
    text = row[field]
    if not isinstance(text, str):
        raise DataError(f"{where}: field {field!r} holds {type(text).__name__}, not text")
    return text
