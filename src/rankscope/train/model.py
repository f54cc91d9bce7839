"""From a base and a method to the model that is trained.

Guarantees: the base is loaded in float32, a quantised one with its linear layers in 4 bits; full
fine-tuning trains every weight; LoRA is peft's own, initialised from the seed that was set before
the call, and no rank is above a matrix's smaller dimension unless the method allows it.

LoRA starts at peft's default: B = 0, and A uniform in ±1/√(columns of W), Kaiming's rule. It is a
difference from the multi-task paper, which says that A is Gaussian.
"""

from pathlib import Path
from typing import Literal

import torch
from transformers import PreTrainedModel
from transformers.utils import logging as transformers_logging

from rankscope.errors import ModelError
from rankscope.records.methods import FullFineTuning, Lora
from rankscope.weights.loading import read_model


def trainable_model(
    base: Path, method: FullFineTuning | Lora, precision: Literal["float32", "bfloat16"]
) -> torch.nn.Module:
    """Load the base and make ready what `method` trains; `precision` is that of the recipe.

    Raises:
        ModelError: the base cannot be loaded, bitsandbytes gets its weights wrong here, or the rank
            limits nothing and the method does not allow that.
    """
    model = load_base(base)
    model.config.use_cache = False
    if isinstance(method, FullFineTuning):
        return model
    if method.quantisation is not None:
        from rankscope.weights.four_bit import ready_for_training

        ready_for_training(model, base, precision)
    from peft import LoraConfig, get_peft_model

    adapted = get_peft_model(
        model,
        LoraConfig(
            task_type="CAUSAL_LM",
            r=method.rank,
            lora_alpha=method.alpha,
            lora_dropout=method.dropout,
            use_rslora=method.rslora,
            target_modules=method.target_modules
            if isinstance(method.target_modules, str)
            else list(method.target_modules),
        ),
    )
    if not method.allow_rank_above_dimension:
        _refuse_ranks_that_limit_nothing(adapted, base, method.rank)
    return adapted


def _refuse_ranks_that_limit_nothing(adapted: torch.nn.Module, base: Path, rank: int) -> None:
    """Compare the rank with what peft adapted: a study's check does not know every base's shape."""
    from peft.tuners.lora import LoraLayer

    layers = [
        (name, layer) for name, layer in adapted.named_modules() if isinstance(layer, LoraLayer)
    ]
    name, layer = min(layers, key=lambda each: min(each[1].in_features, each[1].out_features))
    smaller = min(layer.in_features, layer.out_features)
    if rank > smaller:
        raise ModelError(
            f"{base}: rank {rank} is above the smaller dimension of"
            f" {name.removeprefix('base_model.model.')} ({layer.out_features} ×"
            f" {layer.in_features}), so that its update has no rank limit; allowed: at most"
            f" {smaller}, or add `allow_rank_above_dimension: true` to the block"
        )


def load_base(base: Path) -> PreTrainedModel:
    """Load a causal language model in float32 from a local folder.

    Raises:
        ModelError: the folder holds no model that transformers can load.
    """
    transformers_logging.disable_progress_bar()
    return read_model(base, dtype=torch.float32)


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
