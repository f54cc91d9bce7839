"""`bits-per-byte`: how well held-out documents are predicted, in bits per UTF-8 byte.

Kept per document: its negative log-likelihood in nats and its size in bytes and tokens. How the
likelihood is computed: `evaluate.likelihood`; which documents, and which passage of each:
`evaluate.documents`.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.evaluate.documents import read_rows, select_documents
from rankscope.evaluate.kind import Advance
from rankscope.evaluate.likelihood import Reading, encode, negative_log_likelihoods, reading_of
from rankscope.evaluate.metric import Metric, Row, TaskMetric
from rankscope.evaluate.weights import BaseTokenizer
from rankscope.records.evaluations import BitsPerByte

COLUMNS: dict[str, Any] = {"nats": pl.Float64, "bytes": pl.Int64, "tokens": pl.Int64}


def bits_per_byte(nats: float, size: int) -> float:
    """Return −log2 p(text) / bytes(text) = nats / (ln 2 · size).

    Weighted by `size`, its mean over documents is the corpus's total bits over its total bytes.
    """
    return nats / (math.log(2) * size)


METRICS: tuple[Metric, ...] = (
    Metric(
        name="bits_per_byte",
        unit="bits per byte",
        higher_is_better=False,
        largest=None,
        score=lambda row: bits_per_byte(row["nats"], row["bytes"]),
        weight=lambda row: float(row["bytes"]),
    ),
)
TASK_METRICS: tuple[TaskMetric, ...] = ()


def prepare(
    evaluation: BitsPerByte, rows: Path, base: Path, tokenizer: BaseTokenizer
) -> "PreparedDocuments":
    """Read and tokenise the held-out documents.

    Raises:
        ArtefactError, DataError: the variant is missing, or holds no such documents.
    """
    del base
    return PreparedDocuments(evaluation, rows, tokenizer)


class PreparedDocuments:
    """Held-out documents, tokenised."""

    def __init__(self, evaluation: BitsPerByte, rows: Path, tokenizer: BaseTokenizer) -> None:
        self._documents = select_documents(
            read_rows(rows), evaluation.documents, evaluation.max_bytes_per_document
        )
        self._sequences = encode(tokenizer, [document.text for document in self._documents])
        self._reading: Reading | None = None
        self.items = len(self._documents)

    def rows(self, model: Any, advance: Advance) -> Iterator[Row]:
        """Yield nats, bytes and tokens of every document."""
        self._reading = self._reading or reading_of(model, self._sequences)
        nats = negative_log_likelihoods(
            model, self._sequences, self._reading.context, advance, self._reading.batch_tokens
        )
        for document, sequence, value in zip(self._documents, self._sequences, nats, strict=True):
            yield {
                "item": document.id,
                "nats": value,
                "bytes": document.bytes,
                "tokens": len(sequence) - 1,
            }
