"""Parameter counts by the libraries themselves, on torch's meta device: no weight is allocated.

Guarantees: the model is built by transformers from its configuration and adapted by peft, so that
any architecture both know is counted as it will be trained. Costs some seconds of imports; what
`shapes` can tell needs none of it.
"""

from pathlib import Path
from typing import Any

from rankscope.errors import ModelError
from rankscope.study.specs import FullFineTuning, Lora


def parameter_counts(
    config: dict[str, Any] | Path, method: FullFineTuning | Lora
) -> tuple[int, int]:
    """Return the numbers of trainable and of all parameters, adapters included in both.

    Args:
        config: configuration as in `config.json` (`model_type` and what differs from that type's
            defaults), or the folder of a model.
        method: what is trained.

    Raises:
        ModelError: transformers knows no causal language model of this kind, or peft finds none of
            the method's target modules in it.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        built = (
            AutoConfig.from_pretrained(config, local_files_only=True)
            if isinstance(config, Path)
            else AutoConfig.for_model(**config)
        )
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(built)
            if isinstance(method, Lora):
                model = _adapted(model, method)
    except (OSError, ValueError) as error:
        # transformers lists all the types it knows below the first line
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"the base cannot be built from its configuration: {reason}") from error
    sizes = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    return sum(n for n, trained in sizes if trained), sum(n for n, _ in sizes)


def _adapted(model: Any, method: Lora) -> Any:
    from peft import LoraConfig, get_peft_model

    names = method.target_modules
    return get_peft_model(
        model,
        LoraConfig(
            task_type="CAUSAL_LM",
            r=method.rank,
            target_modules=names if isinstance(names, str) else list(names),
        ),
    )
