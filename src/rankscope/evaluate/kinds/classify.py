"""`classify`: which label a classifier gives to held-out texts or pairs.

Kept per text: its label, the one that the model finds likeliest, and the log-probability of every
label in the record's order. A base is no classifier: it is asked with a head of zeros
(`weights.steps`), which knows nothing, so that its accuracy is one over the number of labels and a
gain over it is what was learned.
"""

from collections import Counter
from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.evaluate.documents import read_rows
from rankscope.evaluate.kind import Advance
from rankscope.evaluate.metric import Metric, Row, TaskMetric
from rankscope.evaluate.weights import BaseTokenizer
from rankscope.records.evaluations import Classify
from rankscope.text.pairs import Layout, load_pair_encoder

BATCH_TEXTS = 32
COLUMNS: dict[str, Any] = {
    "label": pl.String,
    "predicted": pl.String,
    "labels": pl.List(pl.String),
    "log_probabilities": pl.List(pl.Float64),
    "most_frequent": pl.String,
    "tokens": pl.Int64,
    "truncated": pl.Boolean,
}


def accuracy(row: Row) -> float:
    """Return 1 if the label has the highest log-probability, 0 if another has.

    Where n labels share the highest one it is 1/n, which a draw among them would give. Where one is
    no number it is 0: nothing was chosen.
    """
    nats = row["log_probabilities"]
    if any(map(isnan, nats)):
        return 0.0
    highest = [label for label, n in zip(row["labels"], nats, strict=True) if n == max(nats)]
    return (row["label"] in highest) / len(highest)


METRICS: tuple[Metric, ...] = (
    Metric(name="accuracy", unit="accuracy", higher_is_better=True, score=accuracy),
    Metric(
        name="most_frequent_label",
        spelling="accuracy of always answering the most frequent label",
        unit="accuracy",
        higher_is_better=True,
        side=True,
        score=lambda row: float(row["label"] == row["most_frequent"]),
    ),
)
TASK_METRICS: tuple[TaskMetric, ...] = ()


def prepare(
    evaluation: Classify, rows: Path, base: Path, tokenizer: BaseTokenizer
) -> "PreparedTexts":
    """Read and encode the held-out rows.

    Raises:
        ArtefactError, DataError: the variant is missing, or holds no such rows.
        ModelError: the base has no usable tokenizer.
    """
    del tokenizer  # it encodes single texts
    return PreparedTexts(evaluation, rows, base)


class PreparedTexts:
    """Held-out texts or pairs, encoded."""

    def __init__(self, evaluation: Classify, rows: Path, base: Path) -> None:
        encoder = load_pair_encoder(base, evaluation.text_tokens)
        self._rows = read_rows(rows).filter(split="heldout").to_dicts()
        self._encoded = [encoder.encode(row["text"], row["second"]) for row in self._rows]
        self._labels = evaluation.data.labels
        self._most_frequent = Counter(row["label"] for row in self._rows).most_common(1)[0][0]
        # the longest first, so that a batch holds texts of similar length
        self._order = sorted(
            range(len(self._rows)), key=lambda number: -len(self._encoded[number].input_ids)
        )
        self.items = len(self._rows)

    def rows(self, model: Any, advance: Advance) -> Iterator[Row]:
        """Yield the log-probability of every label, for every text."""
        import torch

        layout = Layout.of(model.config)
        nats: dict[int, list[float]] = {}
        for start in range(0, self.items, BATCH_TEXTS):
            part = self._order[start : start + BATCH_TEXTS]
            batch = layout.rows([self._encoded[number] for number in part])
            with torch.inference_mode():
                logits = model(**{name: each.to(model.device) for name, each in batch.items()})
            found = torch.log_softmax(logits.logits.double(), dim=-1).tolist()
            nats |= dict(zip(part, found, strict=True))
            advance(len(part))
        for number, row in enumerate(self._rows):
            likeliest = max(range(len(self._labels)), key=nats[number].__getitem__)
            yield {
                "item": row["id"],
                "label": row["label"],
                "predicted": self._labels[likeliest],
                "labels": self._labels,
                "log_probabilities": nats[number],
                "most_frequent": self._most_frequent,
                "tokens": len(self._encoded[number].input_ids),
                "truncated": self._encoded[number].is_cut,
            }
