"""Which held-out documents an evaluation reads, and which passage of each.

Guarantees: the choice depends on the documents and the spec alone, never on the run, so that every
run is measured on the same text; a larger `documents` contains the smaller one.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts.reading import exists, read_parquet
from rankscope.errors import ArtefactError, DataError


@dataclass(frozen=True)
class Document:
    """A held-out text and its id."""

    id: str
    text: str

    @property
    def bytes(self) -> int:
        """Size in UTF-8 bytes."""
        return len(self.text.encode())


def read_rows(path: Path) -> pl.DataFrame:
    """Read the held-out rows of a data variant, ordered by the SHA-256 of their id.

    Raises:
        ArtefactError: the variant has not been made.
        DataError: it holds no held-out row.
    """
    if not exists(path):
        raise ArtefactError(
            f"{path}: the data variant has not been made; run `rankscope data rows`"
        )
    rows = read_parquet(path).filter(pl.col("split") == "heldout")
    if rows.is_empty():
        raise DataError(f"{path}: no held-out row to evaluate on; raise `heldout_fraction`")
    order = [hashlib.sha256(id_.encode()).hexdigest() for id_ in rows["id"]]
    return rows.with_columns(pl.Series("_order", order)).sort("_order").drop("_order")


def read_prompts(path: Path) -> list[dict[str, Any]]:
    """Read the rows of a test set (`data.niv2.tables.ROWS`), in their own order.

    Raises:
        ArtefactError: the test set has not been made.
    """
    if not exists(path):
        raise ArtefactError(f"{path}: the test set has not been made; run `rankscope data rows`")
    columns = ["task", "category", "instance", "definition", "text", "references", "options"]
    return read_parquet(path, columns=columns).to_dicts()


def select_documents(
    rows: pl.DataFrame, documents: int | None, max_bytes: int | None
) -> list[Document]:
    """Return the first `documents` of `rows`, each cut to a passage of at most `max_bytes`.

    Raises:
        DataError: a document is empty.
    """
    chosen = rows.head(documents) if documents is not None else rows
    selected = [
        Document(id_, text if max_bytes is None else middle(text, max_bytes))
        for id_, text in chosen.select("id", "text").iter_rows()
    ]
    for document in selected:
        if not document.text:
            raise DataError(f"held-out document {document.id} is empty: it has no bits per byte")
    return selected


def middle(text: str, max_bytes: int) -> str:
    """Return a passage of at most `max_bytes` (16 or more) bytes from the middle of `text`.

    It begins with a line, or in the middle of one where that line is longer than the passage, and
    never cuts a character; a text that is short enough is returned whole.
    """
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    start = (len(encoded) - max_bytes) // 2
    line = encoded.find(b"\n", start, start + max_bytes // 2)
    if line >= 0:
        start = line + 1
    # a character cut by either end is dropped
    return encoded[start : start + max_bytes].decode(errors="ignore")
