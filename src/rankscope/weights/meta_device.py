"""Parameter counts by the libraries themselves, on torch's meta device: no weight is allocated.

Guarantees: the model is built by transformers from its configuration and adapted by peft, so that
any architecture both know is counted as it will be trained. Costs some seconds of imports; what
`shapes` can tell needs none of it.
"""

from pathlib import Path
from typing import Any

from rankscope.errors import ModelError
from rankscope.foreign import doing
from rankscope.records.heads import Head
from rankscope.records.methods import FullFineTuning, Lora
from rankscope.weights.heads import adapter_settings, build
from rankscope.weights.loading import make_config, read_config

_ADVICE = "name layers that it has as `target_modules`, or train it with `method: full`"


def parameter_counts(
    config: dict[str, Any] | Path, method: FullFineTuning | Lora, head: Head
) -> tuple[int, int]:
    """Return the numbers of trainable and of all parameters, adapters included in both.

    Args:
        config: configuration as in `config.json` (`model_type` and what differs from that type's
            defaults), or the folder of a model.
        method: what is trained.
        head: what the model ends in.

    Raises:
        ModelError: transformers knows no such model of this kind, or peft finds none of the
            method's target modules in it.
    """
    import torch

    built = read_config(config) if isinstance(config, Path) else make_config(config)
    with torch.device("meta"):
        model = build(built, head)
        if isinstance(method, Lora):
            model = _adapted(model, method, head)
    sizes = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    return sum(n for n, trained in sizes if trained), sum(n for n, _ in sizes)


def _adapted(model: Any, method: Lora, head: Head) -> Any:
    from peft import LoraConfig, get_peft_model

    names = method.target_modules
    adapter = LoraConfig(
        **adapter_settings(model, head),
        r=method.rank,
        target_modules=names if isinstance(names, str) else list(names),
    )
    with doing("base", f"peft cannot adapt it by {method.label}", _ADVICE, ModelError):
        adapted = get_peft_model(model, adapter)
    for name, weight in adapted.named_parameters():
        if method.frozen_a and ".lora_A." in name:
            weight.requires_grad_(False)
    return adapted
