"""Batches of labelled pairs, and the loss of a step whatever the size of a forward pass."""

import math

import pytest
import torch

from rankscope.text.pairs import Layout
from rankscope.train.feeds.labelled import Collator, LabelledPair, mean_over_the_step


def test_a_batch_has_its_labels() -> None:
    batch = Collator(Layout(padding=9, has_segments=False))(
        [LabelledPair([1, 2], [0, 0], label=1), LabelledPair([3], [0], label=0)]
    )
    assert batch["labels"].tolist() == [1, 0]
    assert batch["input_ids"].tolist() == [[1, 2], [3, 9]]


def test_the_loss_of_a_step_is_the_mean_over_its_examples() -> None:
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 3.0]])
    labels = torch.tensor([0, 0, 1])
    nats = [
        math.log(sum(math.exp(x) for x in row)) - row[label]
        for row, label in zip(logits.tolist(), labels.tolist(), strict=True)
    ]
    whole = mean_over_the_step({"logits": logits}, labels)
    assert whole.item() == pytest.approx(sum(nats) / 3)
    parts = [
        mean_over_the_step({"logits": logits[part]}, labels[part], torch.tensor(3)).item()
        for part in (slice(0, 1), slice(1, 3))
    ]
    assert sum(parts) == pytest.approx(whole.item())
