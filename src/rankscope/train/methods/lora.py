"""LoRA: peft's adapter on a frozen base, which may be quantised.

Guarantees: the adapter is peft's own, and so is what is saved of it: peft loads it to the same
update. A is drawn from the seed that was set before the call, and no rank is above a matrix's
smaller dimension unless the method allows it.

How A starts, by the method's `init`, for a weight of n columns (B starts at zero, so that the model
starts as the base):

- `kaiming-uniform`, peft's default: uniform in ±1/√n, of standard deviation 1/√(3n).
- `gaussian`, peft's: normal with standard deviation 1/r. *Beyond Full Fine-tuning* says "Gaussian"
  and no more, *LoRA Learns Less and Forgets Less* says N(0, 1), though the code that both build on
  follows Kaiming's rule unless it is told otherwise.
- `orthonormal`: orthonormal rows, uniformly distributed; with a rank above n orthonormal columns.
  All singular values are 1, as where *An Illusion of Equivalence* freezes A.
- `pissa` (arXiv 2404.02948), peft's: B A starts as the r leading singular triplets of the weight,
  which are taken out of the frozen base. peft computes them in float32 at every load;
  `weights.adapters.starts` says how well that defines the update.

An embedding starts otherwise in peft, with A at zero and B normal, whatever `init` says: it is
adapted with the default start alone, and with an A that is trained.
"""

from collections.abc import Iterator
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

OF_PEFT: dict[str, bool | str] = {
    "kaiming-uniform": True,
    "gaussian": "gaussian",
    "orthonormal": True,  # what it draws is replaced
    "pissa": "pissa",
}
"""What peft calls each `init`."""


def put_on(
    model: PreTrainedModel,
    method: Lora,
    base: Path,
    precision: Literal["float32", "bfloat16"],
    head: Head,
) -> PeftModel:
    """Put the adapter on `model`, which was read from the folder `base`.

    Raises:
        ModelError: bitsandbytes gets its weights wrong here; the rank limits nothing and the
            method does not allow that; or an embedding is to start as peft starts none.
    """
    if method.quantisation is not None:
        from rankscope.weights.four_bit import ready_for_training

        ready_for_training(model, base, precision)
    adapted = get_peft_model(
        model,
        LoraConfig(
            **adapter_settings(model, head),
            r=method.rank,
            lora_alpha=method.alpha_value,
            lora_dropout=method.dropout,
            use_rslora=method.rslora,
            init_lora_weights=OF_PEFT[method.init],
            target_modules=method.target_modules
            if isinstance(method.target_modules, str)
            else list(method.target_modules),
        ),
    )
    if not method.allow_rank_above_dimension:
        _refuse_ranks_that_limit_nothing(adapted, base, method.rank)
    if method.frozen_a or method.init != "kaiming-uniform":
        _refuse_embeddings(adapted, base, method)
    for a in _each_a(adapted):
        if method.init == "orthonormal":
            torch.nn.init.orthogonal_(a)
        a.requires_grad_(not method.frozen_a)
    return adapted


def _layers(adapted: torch.nn.Module) -> Iterator[tuple[str, LoraLayer]]:
    for name, layer in adapted.named_modules():
        if isinstance(layer, LoraLayer):
            yield name, layer


def _each_a(adapted: torch.nn.Module) -> Iterator[torch.nn.Parameter]:
    """Yield the A of every adapted matrix that is no embedding: rank × columns."""
    for _, layer in _layers(adapted):
        for linear in layer.lora_A.values():
            yield linear.weight


def _refuse_embeddings(adapted: torch.nn.Module, base: Path, method: Lora) -> None:
    """Refuse an adapted embedding, whose A is zero at the start and has to be trained."""
    for name, layer in _layers(adapted):
        if layer.lora_embedding_A:
            asked = "frozen_a: true" if method.frozen_a else f"init: {method.init}"
            raise ModelError(
                f"{base}: {name.removeprefix('base_model.model.')} is an embedding, whose A peft"
                f" starts at zero and B at random, so that `{asked}` cannot hold for it; take it"
                " out of `target_modules`, or leave `init` and `frozen_a` out of the block"
            )


def _refuse_ranks_that_limit_nothing(adapted: torch.nn.Module, base: Path, rank: int) -> None:
    """Compare the rank with what peft adapted: a study's check does not know every base's shape."""
    name, layer = min(
        _layers(adapted), key=lambda each: min(each[1].in_features, each[1].out_features)
    )
    smaller = min(layer.in_features, layer.out_features)
    if rank > smaller:
        raise ModelError(
            f"{base}: rank {rank} is above the smaller dimension of"
            f" {name.removeprefix('base_model.model.')} ({layer.out_features} ×"
            f" {layer.in_features}), so that its update has no rank limit; allowed: at most"
            f" {smaller}, or add `allow_rank_above_dimension: true` to the block"
        )
