"""Text that held-out and training documents share, found by shingles of 50 characters.

Guarantees: what is left of the held-out documents has no 50 consecutive characters in common with a
training document. Held-out documents lose the paragraphs (between blank lines) with such a passage,
of a licence or a copied function, and those of which nothing is left are left out; training
documents are never touched. Where that would take more than half of the held-out text, as in a
corpus of one template, nothing is taken, and the overlap is counted and said. Time is linear in the
text; of the training text the hashes of one document are in memory at a time, of the held-out text
those of `BATCH` characters, 8 bytes each.

Limits: a passage with another letter, or another space, in every 50 characters is not found; texts
shorter than that share nothing. Hashes have 64 bits: of a billion passages, one would be taken for
another with a probability below a tenth.

Why paragraphs go and documents are not grouped: by shared passages, 182 of the 257 modules and
topics of Python's standard library are one group.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rankscope.progress import Progress
from rankscope.text.documents import Document

logger = logging.getLogger(__name__)

SHINGLE = 50
BATCH = 1 << 26
MOST_LOST = 0.5

Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

_MULTIPLIER = 0x9E3779B97F4A7C15
_MIXER = np.uint64(0xBF58476D1CE4E5B9)


@dataclass(frozen=True)
class Overlap:
    """What held-out documents shared with training documents, and what became of it.

    `documents` held-out documents shared a passage; `cut_bytes` of their text were taken out, and
    `left_out` documents altogether. `remaining` documents still share one: 0, or, where too much
    would have been lost, `documents`.
    """

    documents: int
    cut_bytes: int
    left_out: int
    remaining: int


class Shingles:
    """Hashes of all passages of a length; equal for equal passages, wherever they stand.

    The hash of characters c_0 … c_{n-1} is Σ m(c_i) B^i modulo 2^64, where m mixes bits and B is
    odd: windows are differences of one cumulative sum, brought to a common power by the inverse of
    B, which exists modulo 2^64.
    """

    def __init__(self, length: int = SHINGLE) -> None:
        self.length = length
        self._powers = self._inverse = np.empty(0, np.uint64)

    def __call__(self, text: str) -> Hashes:
        """Return one hash per position where a passage begins; none for a shorter text."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        count = len(codes) - self.length + 1
        if count <= 0:
            return np.empty(0, np.uint64)
        self._grow(len(codes))
        mixed = (codes.astype(np.uint64) + np.uint64(1)) * _MIXER
        mixed ^= mixed >> np.uint64(31)
        mixed *= self._powers[: len(codes)]
        sums = np.zeros(len(codes) + 1, np.uint64)
        np.cumsum(mixed, out=sums[1:])
        return (sums[self.length :] - sums[:count]) * self._inverse[:count]

    def _grow(self, length: int) -> None:
        """Have powers of the multiplier and of its inverse for a text of `length` characters."""
        if length <= len(self._powers):
            return
        length = max(length, 2 * len(self._powers))
        self._powers = _powers(_MULTIPLIER, length)
        self._inverse = _powers(pow(_MULTIPLIER, -1, 1 << 64), length)


class _Asked:
    """Passages of held-out texts, asked about one training text at a time."""

    _BITS = 24

    def __init__(self, hashes: Hashes) -> None:
        self._order = np.argsort(hashes)
        self._sorted = hashes[self._order]
        self._found = np.zeros(len(hashes), np.bool_)
        # most passages of a training text are in no held-out one: leading bits tell, no search
        self._leading = np.zeros(1 << self._BITS, np.bool_)
        self._leading[self._prefix(hashes)] = True

    def look_for(self, hashes: Hashes) -> None:
        """Remember which of the passages are among `hashes`."""
        likely = hashes[self._leading[self._prefix(hashes)]]
        if len(likely):
            places = np.minimum(np.searchsorted(self._sorted, likely), len(self._sorted) - 1)
            self._found[places[self._sorted[places] == likely]] = True

    def found(self) -> Mask:
        """Whether each passage, in the order given, was found."""
        # a search ends at the first of equal passages: hand its answer on to the others
        new = np.ones(len(self._sorted), np.bool_)
        new[1:] = self._sorted[1:] != self._sorted[:-1]
        first = np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))
        answers = np.empty(len(new), np.bool_)
        answers[self._order] = self._found[first]
        return answers

    def _prefix(self, hashes: Hashes) -> npt.NDArray[np.int64]:
        return (hashes >> np.uint64(64 - self._BITS)).astype(np.int64)


def without_shared_text(
    documents: Sequence[Document],
    heldout: frozenset[str],
    trained_elsewhere: Sequence[str] = (),
) -> tuple[list[Document], Overlap]:
    """Take out of the held-out documents what training documents have, too.

    Args:
        documents: those of both sides; their order is kept.
        heldout: the groups that are held out.
        trained_elsewhere: further texts that held-out documents must not share passages with.

    Returns:
        The documents, those of the held-out groups without the shared paragraphs, and the counts.
    """
    held = [document for document in documents if document.group in heldout]
    training = [document.text for document in documents if document.group not in heldout]
    cleaned = dict(_cleaned(held, [*training, *trained_elsewhere]))
    before, after = (sum(d.size for d in each) for each in (held, cleaned.values()))
    touched = sum(cleaned[document.id].text != document.text for document in held)
    if before - after > MOST_LOST * before:
        logger.warning(
            "%d of %d held-out documents share passages of %d characters with training documents;"
            " they are kept, because taking these out would leave %.0f %% of the text",
            *(touched, len(held), SHINGLE, 100 * after / before),
        )
        return list(documents), Overlap(touched, 0, 0, touched)
    kept = [cleaned.get(document.id, document) for document in documents]
    left_out = sum(not document.text.strip() for document in cleaned.values())
    overlap = Overlap(touched, before - after, left_out, 0)
    if touched:
        logger.info(
            "%d of %d held-out documents shared passages of %d characters with training documents:"
            " %.1f %% of the held-out text was taken out, %d documents altogether",
            *(touched, len(held), SHINGLE, 100 * (before - after) / before, left_out),
        )
    return [document for document in kept if document.text.strip()], overlap


def _cleaned(held: Sequence[Document], training: Sequence[str]) -> Iterator[tuple[str, Document]]:
    """Yield every held-out document, by its id, without the paragraphs that share a passage."""
    for batch in _batches(held):
        pending = {document.id: document for document in batch}
        while pending:
            # what stood apart becomes neighbours, and may make a passage that was none before
            shared = shared_positions([d.text for d in pending.values()], training)
            open_again = {}
            for document, places in zip(list(pending.values()), shared, strict=True):
                if places.any():
                    text = without_paragraphs(document.text, places)
                    open_again[document.id] = replace(document, text=text)
                else:
                    yield document.id, document
            pending = open_again


def _batches(documents: Sequence[Document]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    characters = 0
    for document in documents:
        if batch and characters + len(document.text) > BATCH:
            yield batch
            batch, characters = [], 0
        batch.append(document)
        characters += len(document.text)
    if batch:
        yield batch


def shared_positions(texts: Sequence[str], training: Sequence[str]) -> list[Mask]:
    """Return for each text at which positions a passage begins that a training text has, too."""
    shingles = Shingles()
    hashes = [shingles(text) for text in texts]
    asked = _Asked(np.concatenate([np.empty(0, np.uint64), *hashes]))
    progress = Progress("compare held-out and training text", len(training))
    for text in training:
        asked.look_for(shingles(text))
        progress.advance()
    ends = np.cumsum([0, *map(len, hashes)])
    found = asked.found()
    return [found[start:end] for start, end in pairwise(ends)]


def without_paragraphs(text: str, shared: Mask) -> str:
    """Leave out the paragraphs of `text` that the middle of a shared passage lies in.

    The middle, because a passage may reach into a neighbour by a few characters alike by chance.
    Blank lines belong to the paragraph before them.
    """
    middles = np.flatnonzero(shared) + SHINGLE // 2
    kept = []
    position = 0
    for paragraph in text.split("\n\n"):
        end = position + len(paragraph) + 2
        if np.searchsorted(middles, position) == np.searchsorted(middles, end):
            kept.append(paragraph)
        position = end
    return "\n\n".join(kept)


def _powers(base: int, count: int) -> Hashes:
    """Return base^0 … base^(count - 1) modulo 2^64."""
    powers = np.full(count, base, np.uint64)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)
