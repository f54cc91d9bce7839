"""LoRA: peft's adapter on a frozen base, which may be quantised.

Guarantees: the adapter is peft's own, its A drawn from the seed that was set before the call, and
no rank is above a matrix's smaller dimension unless the method allows it.

A starts at peft's default: B = 0, and A uniform in ±1/√(columns of W), Kaiming's rule. It is a
difference from the multi-task paper, which says that A is Gaussian.
"""

from pathlib import Path
from typing import Literal

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer
from transformers import PreTrainedModel

from rankscope.errors import ModelError
from rankscope.records.heads import Head
from rankscope.records.methods import Lora
from rankscope.weights.heads import adapter_settings


def put_on(
    model: PreTrainedModel,
    method: Lora,
    base: Path,
    precision: Literal["float32", "bfloat16"],
    head: Head,
) -> PeftModel:
    """Put the adapter on `model`, which was read from the folder `base`.

    Raises:
        ModelError: bitsandbytes gets its weights wrong here, or the rank limits nothing and the
            method does not allow that.
    """
    if method.quantisation is not None:
        from rankscope.weights.four_bit import ready_for_training

        ready_for_training(model, base, precision)
    adapted = get_peft_model(
        model,
        LoraConfig(
            **adapter_settings(model, head),
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
