"""Multiple-choice items cut from held-out prose, in the field shape of HellaSwag.

Guarantees: the context and the true ending are consecutive words of one paragraph; every other
ending is the true one of a window of another document, as close to it in size as there is, so that
none wins by being short; the endings of an item differ from each other; the right answer stands at
every position equally often (up to one). Does not guarantee that a distractor is implausible: the
endings were not filtered by a model.

HellaSwag's template asks for `activity_label: ctx_a ctx_b` and compares `endings`; `ctx_b` is
empty here, because the template lower-cases it.
"""

import heapq
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rankscope.data.content import Content
from rankscope.errors import DataError
from rankscope.records.data import Continuations
from rankscope.text.documents import HELDOUT, seeded_order, sha256
from rankscope.text.rows import read_rows

logger = logging.getLogger(__name__)

ACTIVITY = "Documentation"
SCHEMA: dict[str, pl.DataType] = {
    "id": pl.String(),
    "sha256": pl.String(),
    "split": pl.String(),
    "context": pl.String(),
    "endings": pl.List(pl.String()),
    "label": pl.Int64(),
    "origin": pl.String(),
    "activity_label": pl.String(),
    "ctx_a": pl.String(),
    "ctx_b": pl.String(),
}


@dataclass(frozen=True)
class Window:
    """Consecutive words of one document, cut into a context and its true ending."""

    id: str
    document: str
    context: str
    ending: str


def content(spec: Continuations, made_from: tuple[Path, ...]) -> Content:
    """Cut the items from the rows of the documents.

    Raises:
        DataError: see `continuation_rows`.
        ArtefactError: the documents are not there.
    """
    (documents,) = made_from
    rows = continuation_rows(spec, read_rows(documents, spec.documents.name))
    logger.info("%s: %d items of %d choices", spec.name, rows.height, spec.choices)
    return Content(rows, {"items": rows.height, "choices": spec.choices})


def continuation_rows(spec: Continuations, documents: pl.DataFrame) -> pl.DataFrame:
    """Build `spec.items` items from the held-out rows of `documents`.

    Raises:
        DataError: the held-out documents are too few or too short for that many items.
    """
    heldout = documents.filter(pl.col("split") == HELDOUT)
    found = [
        window
        for identity, text in heldout.select("id", "text").iter_rows()
        for window in windows(identity, text, spec.context_words, spec.ending_words)
    ]
    by_id = {window.id: window for window in found}
    chosen = [by_id[identity] for identity in seeded_order(by_id, spec.seed)][: spec.items]
    if len(chosen) < spec.items:
        raise DataError(
            f"the {heldout.height} held-out documents give {len(chosen)} windows of"
            f" {spec.context_words + spec.ending_words} words, and {spec.items} items were asked"
            " for; lower `items`, `context_words` or `ending_words`, or hold out more"
        )
    distractors = _Distractors(found, spec.seed)
    rows = [
        # the windows come in seeded order, so that the cycling label tells nothing
        _row(window, number % spec.choices, distractors.draw(window, spec.choices - 1))
        for number, window in enumerate(chosen)
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def windows(document: str, text: str, context_words: int, ending_words: int) -> Iterator[Window]:
    """Yield the windows of a document that do not overlap, each inside one paragraph.

    Square brackets are left out, because the official template deletes what stands in them.
    """
    length = context_words + ending_words
    for number, paragraph in enumerate(text.split("\n\n")):
        words = paragraph.split()
        for start in range(0, len(words) - length + 1, length):
            context = " ".join(words[start : start + context_words])
            ending = " ".join(words[start + context_words : start + length])
            if not set("[]") & set(context + ending):
                yield Window(f"{document}#{number}.{start}", document, context, ending)


class _Distractors:
    """The endings of all windows, drawn so that length tells nothing and none is used up."""

    def __init__(self, found: list[Window], seed: int) -> None:
        self.documents: dict[str, set[str]] = {}
        for window in found:
            self.documents.setdefault(window.ending, set()).add(window.document)
        self.sizes = {e: len(e.encode()) for e in seeded_order(self.documents, seed)}
        self.used = dict.fromkeys(self.sizes, 0)

    def draw(self, window: Window, count: int) -> list[str]:
        """Return the `count` endings closest in size that occur in other documents only.

        Among equally close ones those come first that were drawn least, then the seeded order.

        Raises:
            DataError: the other documents have fewer.
        """
        size = len(window.ending.encode())
        others = (e for e in self.sizes if window.document not in self.documents[e])
        drawn = heapq.nsmallest(count, others, lambda e: (abs(self.sizes[e] - size), self.used[e]))
        if len(drawn) < count:
            raise DataError(
                f"{window.id}: the other held-out documents give {len(drawn)} endings, and {count}"
                " wrong ones are needed; hold out more documents or lower `choices`"
            )
        for ending in drawn:
            self.used[ending] += 1
        return drawn


def _row(window: Window, label: int, distractors: list[str]) -> dict[str, object]:
    endings = [*distractors[:label], window.ending, *distractors[label:]]
    return {
        "id": window.id,
        "sha256": sha256(json.dumps([window.context, endings, label])),
        "split": HELDOUT,
        "context": window.context,
        "endings": endings,
        "label": label,
        "origin": window.document,
        "activity_label": ACTIVITY,
        "ctx_a": window.context,
        "ctx_b": "",
    }
