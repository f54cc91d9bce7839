"""From a base and a method to the model that is trained.

Guarantees: the base is loaded in float32; full fine-tuning trains every weight; LoRA is peft's own,
initialised from the seed that was set before the call.
"""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

from rankscope.errors import ModelError
from rankscope.study.specs import FullFineTuning, Lora


def trainable_model(base: Path, method: FullFineTuning | Lora) -> torch.nn.Module:
    """Load the base and make ready what `method` trains."""
    model = load_base(base)
    model.config.use_cache = False
    if isinstance(method, FullFineTuning):
        return model
    from peft import LoraConfig, get_peft_model

    return get_peft_model(
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


def load_base(base: Path) -> PreTrainedModel:
    """Load a causal language model in float32 from a local folder.

    Raises:
        ModelError: the folder holds no model that transformers can load.
    """
    transformers_logging.disable_progress_bar()
    try:
        return AutoModelForCausalLM.from_pretrained(
            base, dtype=torch.float32, local_files_only=True
        )
    except (OSError, ValueError) as error:
        raise ModelError(f"{base}: no causal language model can be loaded: {error}") from error


def parameter_counts(model: torch.nn.Module) -> tuple[int, int]:
    """Return the numbers of trainable and of all parameters, adapters included in both."""
    sizes = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    return sum(n for n, trained in sizes if trained), sum(n for n, _ in sizes)
