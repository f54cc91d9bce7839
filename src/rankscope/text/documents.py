"""Documents and what every source does with them: identify, split, cap, tabulate.

Guarantees: the same documents give the same rows in the same order on every machine; a text that
appears twice is kept once; no group (a module, a text) lies on both sides of the split. Does not
find near duplicates: two texts that differ in one byte are two texts.
"""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from rankscope.errors import DataError

logger = logging.getLogger(__name__)

TRAIN, HELDOUT = "train", "heldout"
SCHEMA = pl.Schema(
    {
        "id": pl.String,
        "sha256": pl.String,
        "split": pl.String,
        "text": pl.String,
        "origin": pl.String,
        "bytes": pl.Int64,
    }
)


@dataclass(frozen=True)
class Document:
    """One text with a readable, unique `id`; documents of one `group` share a side of the split."""

    id: str
    text: str
    origin: str
    group: str

    @property
    def size(self) -> int:
        """Length in UTF-8 bytes."""
        return len(self.text.encode())


def sha256(text: str) -> str:
    """Hash a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def seeded_order(keys: Iterable[str], seed: int) -> list[str]:
    """Sort `keys` by the hash of seed and key: a shuffle that neither order nor machine changes."""
    return sorted(set(keys), key=lambda key: (sha256(f"{seed}:{key}"), key))


def heldout_groups(groups: Iterable[str], fraction: float, seed: int) -> frozenset[str]:
    """Choose the share `fraction` of the groups to hold out, at least one, by seeded hash.

    Raises:
        DataError: fewer than two groups, so that one side would be empty.
    """
    ordered = seeded_order(groups, seed)
    if len(ordered) < 2:
        raise DataError(
            f"{len(ordered)} distinct document(s) cannot be split into a training and a held-out"
            " part; give at least 2"
        )
    count = min(max(1, round(fraction * len(ordered))), len(ordered) - 1)
    return frozenset(ordered[:count])


def without_duplicates(documents: Iterable[Document]) -> list[Document]:
    """Keep the first of several documents with equal text, and none that is blank."""
    first: dict[str, Document] = {}
    total = 0
    for document in documents:
        total += 1
        if document.text.strip():
            first.setdefault(sha256(document.text), document)
    if total > len(first):
        logger.info("%d empty or repeated documents left out", total - len(first))
    return list(first.values())


def capped(documents: Sequence[Document], max_bytes: int | None, seed: int) -> list[Document]:
    """Keep documents, drawn in seeded order, for as long as they fit into `max_bytes`.

    The order of `documents` is kept. A larger cap keeps all that a smaller one does.
    """
    if max_bytes is None:
        return list(documents)
    sizes = {document.id: document.size for document in documents}
    kept: set[str] = set()
    used = 0
    for identity in seeded_order(sizes, seed):
        used += sizes[identity]
        if used > max_bytes:
            break
        kept.add(identity)
    return [document for document in documents if document.id in kept]


def document_rows(documents: Iterable[Document], heldout: frozenset[str]) -> pl.DataFrame:
    """Tabulate documents: id, sha256, split, text, origin, bytes.

    Raises:
        DataError: a split is empty.
    """
    rows = pl.DataFrame(
        [
            {
                "id": document.id,
                "sha256": sha256(document.text),
                "split": HELDOUT if document.group in heldout else TRAIN,
                "text": document.text,
                "origin": document.origin,
                "bytes": document.size,
            }
            for document in documents
        ],
        schema=SCHEMA,
    )
    for split in (TRAIN, HELDOUT):
        if not rows.filter(pl.col("split") == split).height:
            raise DataError(
                f"none of the {rows.height} documents is left for the {split} split;"
                " raise max_bytes, change heldout_fraction, or give more documents"
            )
    return rows


def totals(rows: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Count documents and bytes per split."""
    counted = rows.group_by("split").agg(pl.len().alias("documents"), pl.col("bytes").sum())
    return {
        row["split"]: {"documents": row["documents"], "bytes": row["bytes"]}
        for row in counted.sort("split", descending=True).to_dicts()
    }
