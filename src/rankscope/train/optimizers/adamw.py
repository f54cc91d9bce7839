"""AdamW of torch, or of bitsandbytes where its state is in 8 bits or paged."""

from typing import Any

from rankscope.records.optimizers import AdamW


def arguments(optimizer: AdamW) -> dict[str, Any]:
    """Return what `TrainingArguments` says of it; the names are those of transformers."""
    name = "adamw_torch"
    if optimizer.needs_bitsandbytes:
        name = f"{'paged_' if optimizer.paged else ''}adamw_{optimizer.bits}bit"
    first, second = optimizer.betas
    return {
        "optim": name,
        "adam_beta1": first,
        "adam_beta2": second,
        "adam_epsilon": optimizer.eps,
    }
