"""From a base and a method to the model that is trained.

Guarantees: the base is loaded in float32, a quantised one with its linear layers in 4 bits, under
the head of what it is trained on (`weights.heads`). What a method adds to it, or leaves out of
training, is in the module of `train.methods` that its `kind` names.
"""

from importlib import import_module
from pathlib import Path
from typing import Literal

import torch
from transformers import PreTrainedModel
from transformers.utils import logging as transformers_logging

from rankscope.records.heads import Head
from rankscope.records.methods import Method
from rankscope.weights.heads import load


def trainable_model(
    base: Path,
    method: Method,
    precision: Literal["float32", "bfloat16"],
    head: Head,
    seed: int = 0,
) -> torch.nn.Module:
    """Load the base with `head` and make ready what `method` trains.

    `precision` is that of the recipe; a head that the base does not have is drawn from `seed`.

    Raises:
        ModelError: the base cannot be loaded, or the method cannot be put on it.
    """
    model = load_base(base, head, seed)
    model.config.use_cache = False
    of_kind = import_module(f"{__package__}.methods.{method.kind}")
    adapted: torch.nn.Module = of_kind.put_on(model, method, base, precision, head)
    return adapted


def load_base(base: Path, head: Head, seed: int = 0) -> PreTrainedModel:
    """Load a base with `head` in float32 from a local folder.

    Raises:
        ModelError: the folder holds no model that transformers can load.
    """
    transformers_logging.disable_progress_bar()
    return load(base, head, seed, dtype=torch.float32)


def parameter_counts(model: torch.nn.Module) -> tuple[int, int]:
    """Return the numbers of trainable and of all parameters, adapters included in both.

    4-bit weights, of which two share a byte, count as what they stand for.
    """
    from peft import PeftModel

    if isinstance(model, PeftModel):
        trainable, total = model.get_nb_trainable_parameters()
        return int(trainable), int(total)
    sizes = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    return sum(n for n, trained in sizes if trained), sum(n for n, _ in sizes)
