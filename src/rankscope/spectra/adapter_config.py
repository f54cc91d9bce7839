"""What the configuration of a peft adapter says of its kind.

Guarantees: only an adapter whose A and B (and DoRA's magnitudes) are known to be all of its update
counts as plain LoRA; initialisations and variants that are not known are left to peft itself.
"""

from pathlib import Path
from typing import Any

from rankscope.errors import ModelError

# initialisations that leave the base as it is; any other may have changed it, so that A and B alone
# do not say the update
_PLAIN_STARTS = frozenset({"true", "false", "none", "", "gaussian", "eva", "orthogonal", "mica"})
# peft turns each variant of LoRA on by a `use_…` or `…_config`; these leave the update as it is
_PLAIN_SWITCHES = frozenset({
    "use_rslora", "use_dora", "loftq_config", "eva_config", "corda_config", "lora_ga_config",
    "megatron_config", "runtime_config", "velora_config",
})  # fmt: skip


def is_plain_lora(config: dict[str, Any]) -> bool:
    """Say whether an adapter's A and B (and DoRA's magnitudes) are all of its update."""
    return _other_kind(config) is None


def _other_kind(config: dict[str, Any]) -> str | None:
    """Describe an adapter that is no plain LoRA, as far as is known; None for plain LoRA."""
    if config.get("peft_type") != "LORA":
        return str(config.get("peft_type"))
    start = config.get("init_lora_weights")
    if str(start).lower() not in _PLAIN_STARTS:
        return f"LoRA adapter initialised with {start!r}"
    for name, value in config.items():
        is_switch = name.startswith("use_") or name.endswith("_config")
        if value and is_switch and name not in _PLAIN_SWITCHES:
            return f"LoRA adapter with {name}"
    return None


def check_config(folder: Path, config: dict[str, Any]) -> None:
    """Check that an adapter is a plain LoRA of the layers of its base.

    Raises:
        ModelError: it is of another kind, repeats layers, or does not say its alpha.
    """
    kind = _other_kind(config)
    if kind is not None:
        raise ModelError(
            f"{folder}: {kind} is no plain LoRA; merge it with peft's `merge_and_unload()` in "
            "float32, save it, and give the merged model (`rankscope inspect` does this by itself)"
        )
    if config.get("layer_replication"):
        raise ModelError(
            f"{folder}: the adapter repeats layers of its base (layer_replication), so that its "
            "layers are not those of the base; save the model with its layers repeated, and give "
            "that as --base"
        )
    if not isinstance(config.get("lora_alpha"), int | float):
        raise ModelError(
            f"{folder}: adapter_config.json has no number as lora_alpha "
            f"({config.get('lora_alpha')!r}); write there the one it was trained with"
        )
