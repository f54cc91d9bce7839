"""Labelled texts and pairs as batches of padded rows.

Guarantees: a run sees the examples in an order fixed by its seed, pass after pass over a shuffled
table, `batch_size` of them at every step, the longest of a step first; a resumed run goes on in
that order. The loss is the classifier's: the mean over a step's examples of −ln p(label), whatever
the size of a forward pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from rankscope.artefacts.reading import read_parquet
from rankscope.records.runs import Run
from rankscope.text.pairs import EncodedPair, Layout
from rankscope.train.feed import Feed, total_steps
from rankscope.train.feeds.examples import OrderedExamples
from rankscope.train.losses import mean_over_the_step
from rankscope.weights.loading import read_config


@dataclass(frozen=True, slots=True)
class LabelledPair(EncodedPair):
    """A text or pair with the number of its label."""

    label: int = 0


@dataclass(frozen=True)
class Collator:
    """Lays examples out in rows as a model takes them."""

    layout: Layout

    def __call__(self, examples: Sequence[LabelledPair]) -> dict[str, torch.Tensor]:
        """Return the rows of `Layout.rows`, and labels: int64 (examples,)."""
        labels = torch.tensor([each.label for each in examples])
        return self.layout.rows(examples) | {"labels": labels}


def feed(run: Run, packed: Path, base: Path) -> Feed:
    """Read the examples of `run`.

    Raises:
        DataError: there is less than a batch.
        ModelError: the base has no token that pads.
    """
    columns = ["input_ids", "segments", "label"]
    examples = [
        LabelledPair(ids, segments, label=label)
        for ids, segments, label in read_parquet(packed, columns=columns).iter_rows()
    ]
    steps = total_steps(run.recipe, len(examples), "examples")
    ordered = OrderedExamples(examples, run.recipe, steps, run.seed)
    collator = Collator(Layout.of(read_config(base)))
    per_pass = sum(len(example.input_ids) for example in examples)
    return Feed(ordered, ordered.tokens, per_pass, collator, in_order=True, loss=mean_over_the_step)
