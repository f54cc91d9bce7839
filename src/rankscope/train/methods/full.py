"""Full fine-tuning: the model as it is loaded, every weight of which is trained."""

from pathlib import Path
from typing import Literal

from transformers import PreTrainedModel

from rankscope.records.heads import Head
from rankscope.records.methods import FullFineTuning


def put_on(
    model: PreTrainedModel,
    method: FullFineTuning,
    base: Path,
    precision: Literal["float32", "bfloat16"],
    head: Head,
) -> PreTrainedModel:
    """Return `model` itself: transformers loads every weight as one to train."""
    del method, base, precision, head
    return model
