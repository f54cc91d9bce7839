"""The loss of a step as a mean over all that it predicts, whatever the size of a forward pass."""

from typing import Any

import torch

IGNORED = -100
"""The label of what bears no loss."""


def mean_over_the_step(
    outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
) -> torch.Tensor:
    """Return Σ −ln p(label) over a forward pass, over the number of labels of its step.

    Some families take the mean over the forward pass instead, which `Trainer` then does not divide
    by their number. A step without any label, as of short sequences without a mask, has loss 0.

    Args:
        outputs: with `logits`, float (…, classes).
        labels: int64 (…), `IGNORED` where there is none.
        num_items_in_batch: labels of the whole step; those of this pass if left out.
    """
    nats = torch.nn.functional.cross_entropy(
        outputs["logits"].float().flatten(0, -2), labels.flatten(), reduction="sum"
    )
    given = labels.ne(IGNORED).sum() if num_items_in_batch is None else num_items_in_batch
    return nats / torch.as_tensor(given).clamp(min=1)
