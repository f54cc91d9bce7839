"""The loss of a step, whatever the size of a forward pass."""

import math

import pytest
import torch

from rankscope.train.losses import IGNORED, mean_over_the_step


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


def test_what_has_no_label_counts_for_nothing() -> None:
    logits = torch.tensor([[[2.0, 0.0], [0.0, 1.0]], [[3.0, 3.0], [9.0, 0.0]]])
    labels = torch.tensor([[0, IGNORED], [1, IGNORED]])
    expected = (math.log(1 + math.exp(-2)) + math.log(2)) / 2
    assert mean_over_the_step({"logits": logits}, labels).item() == pytest.approx(expected)


def test_a_step_without_a_label_has_no_loss_and_no_gradient() -> None:
    logits = torch.zeros(1, 3, 2, requires_grad=True)
    loss = mean_over_the_step({"logits": logits}, torch.full((1, 3), IGNORED), torch.tensor(0))
    loss.backward()
    assert loss.item() == 0 and not logits.grad.any()
