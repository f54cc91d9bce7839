"""What the configuration of a peft adapter says: its kind, its start, its ranks and scales.

Guarantees: only an adapter whose A and B (and DoRA's magnitudes), with a start that can be redone
from the base, are known to be all of its update counts as plain LoRA; variants that are not known
are left to peft itself, and starts that only the machine knew which made them are refused. Every
value that enters a number is checked, and named with its file where it cannot be used.
"""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from rankscope.errors import ModelError
from rankscope.foreign import read_json_object

ADAPTER_CONFIG = "adapter_config.json"
MERGED = "MERGED_BY_PEFT"
"""The kind that rankscope gives what peft merged (`merged_by_peft`): weights and no factors."""

# initialisations that leave the base as it is
_PLAIN_STARTS = frozenset({"true", "false", "none", "", "gaussian", "eva", "orthogonal", "mica"})
# these take out of the base what they give to A and B, as the base alone says (`starts`)
_REDONE_STARTS = frozenset({"pissa", "olora"})
# and these something that neither base nor adapter say
_LOST_STARTS = {
    "pissa_niter": "a randomised decomposition, drawn anew at every load",
    "corda": "a decomposition that depends on sampled data",
    "lora_ga": "gradients on sampled data",
    "loftq": "rounding of the base as it was done where the adapter was made",
}
_EXPORT = (
    "save it there as plain LoRA (peft's `save_pretrained(…, path_initial_model_for_weight_"
    "conversion=…)` with the adapter as it was before training), or save the model merged there "
    "in float32, and give that"
)
# peft turns each variant of LoRA on by a `use_…` or `…_config`; these leave the update as it is
_PLAIN_SWITCHES = frozenset({
    "use_rslora", "use_dora", "loftq_config", "eva_config", "corda_config", "lora_ga_config",
    "megatron_config", "runtime_config", "velora_config",
})  # fmt: skip
START_SETTINGS = ("loftq_config", "eva_config", "corda_config", "lora_ga_config")
"""What only tells how A and B began."""
_DEFAULT_RANK = 8  # peft's, where none is given
# (…*)* and the like, not all of their kind: each letter of a name may double the time
_REPEATED_REPEAT = re.compile(r"[*+}]\??\)+(?:[*+]|\{\d+,)")
# what a pattern may repeat or choose between; not what it escapes, or lists in brackets
_LITERALS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]")
_REPEAT = re.compile(r"[*+]|\{\d*,\d*\}")
_OPTIONAL = re.compile(r"(?<![(*+?}])\?")
_MOST_STEPS = 10**9  # of the comparisons of all names with all patterns: seconds
_LARGEST = float(np.finfo(np.float32).max)


def read_adapter_config(folder: Path) -> dict[str, Any] | None:
    """Read `adapter_config.json`; None where the folder has none.

    Raises:
        ModelError: it cannot be read, or is no JSON object.
    """
    path = folder / ADAPTER_CONFIG
    return read_json_object(path, ModelError) if path.exists() else None


def is_plain_lora(config: Mapping[str, Any]) -> bool:
    """Say whether an adapter's A and B (and DoRA's magnitudes) are all of its update.

    So they are, too, where its start took out of the base what can be redone.
    """
    return config.get("peft_type") == MERGED or _other_kind(config) is None


def start_of(config: Mapping[str, Any]) -> str | None:
    """Return the start that changed the base and can be redone (`pissa`, `olora`), or None."""
    start = str(config.get("init_lora_weights")).lower()
    return start if start in _REDONE_STARTS else None


def _other_kind(config: Mapping[str, Any]) -> str | None:
    """Describe an adapter that is no plain LoRA, as far as is known; None for plain LoRA."""
    if config.get("peft_type") != "LORA":
        return str(config.get("peft_type"))
    start = config.get("init_lora_weights")
    if str(start).lower() not in _PLAIN_STARTS | _REDONE_STARTS:
        return f"LoRA adapter initialised with {start!r}"
    for name, value in config.items():
        is_switch = name.startswith("use_") or name.endswith("_config")
        if value and is_switch and name not in _PLAIN_SWITCHES:
            return f"LoRA adapter with {name}"
    return None


def refuse_lost_start(folder: Path, config: Mapping[str, Any]) -> None:
    """Refuse an adapter whose start changed the base in a way that its files do not say.

    Raises:
        ModelError: so it is.
    """
    start = str(config.get("init_lora_weights")).lower()
    lost = next((said for name, said in _LOST_STARTS.items() if start.startswith(name)), None)
    if lost is not None:
        raise ModelError(
            f"{folder / ADAPTER_CONFIG}: init_lora_weights is {start!r}: before training, a part "
            f"of the base was moved into A and B by {lost}, so that the files do not say what the "
            f"adapter was trained on; {_EXPORT}"
        )


def check_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Check that an adapter is a plain LoRA of the layers of its base, with values that are ones.

    Raises:
        ModelError: it is of another kind, repeats layers, or a value is none that can be used.
    """
    if config.get("peft_type") == MERGED:
        return
    refuse_lost_start(folder, config)
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
    _check_values(folder / ADAPTER_CONFIG, config)


def _check_values(path: Path, config: Mapping[str, Any]) -> None:
    alpha, rank = config.get("lora_alpha"), config.get("r", _DEFAULT_RANK)
    if not _is_scale(alpha):
        _refuse(path, "lora_alpha", alpha, _A_SCALE)
    if not _is_rank(rank):
        _refuse(path, "r", rank, _A_RANK)
    for key, is_allowed, allowed in (
        ("alpha_pattern", _is_scale, _A_SCALE),
        ("rank_pattern", _is_rank, _A_RANK),
    ):
        patterns = config.get(key)
        if patterns is None:
            continue
        if not isinstance(patterns, dict):
            _refuse(path, key, patterns, "an object of names of modules and values")
        for pattern, value in patterns.items():
            if not is_allowed(value):
                _refuse(path, f"{key}[{pattern!r}]", value, allowed)
            if fault := _fault_of(pattern):
                raise ModelError(
                    f"{path}: the key {pattern!r} of {key} is no regular expression ({fault}), as "
                    "which peft reads it; write the name of a module there, such as 'q_proj'"
                )
    targets = config.get("target_parameters")
    if targets and not (isinstance(targets, list) and all(isinstance(t, str) for t in targets)):
        _refuse(path, "target_parameters", targets, "a list of names of parameters")
    for key in ("use_rslora", "use_dora"):
        if not isinstance(config.get(key, False), bool | None):
            _refuse(path, key, config[key], "true or false")


_A_RANK = "a whole number from 1"
_A_SCALE = "a number that float32 can hold, in which it was trained"


def _refuse(path: Path, key: str, value: object, allowed: str) -> NoReturn:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:60]} …"
    raise ModelError(
        f"{path}: {key} is {shown}; allowed is {allowed}; write there what it was trained with"
    )


def _is_scale(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _LARGEST  # False of NaN, too


def _is_rank(value: object) -> bool:
    return type(value) is int and 1 <= value < 2**31


def _fault_of(pattern: str) -> str | None:
    try:
        re.compile(_in_full(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    if _REPEATED_REPEAT.search(pattern):
        return "it repeats a repetition, which can take for ever to compare"
    return None


def check_patterns(folder: Path, config: Mapping[str, Any], modules: Sequence[str]) -> None:
    """Check that comparing the patterns of a checked configuration with `modules` takes no time.

    A repetition may end at each letter of a name, so that several of them take as many steps as
    the product of their lengths, and choices one behind the other as many as the product of theirs.

    Raises:
        ModelError: a pattern could take minutes.
    """
    for key in ("alpha_pattern", "rank_pattern"):
        for pattern in config.get(key) or {}:
            bare = _LITERALS.sub("x", pattern)
            repeats = len(_REPEAT.findall(bare))
            ways = 2 ** len(_OPTIONAL.findall(bare))
            ways *= math.prod(part.count("|") + 1 for part in re.split(r"[()]", bare))
            if sum(len(module) ** repeats for module in modules) * ways > _MOST_STEPS:
                raise ModelError(
                    f"{folder / ADAPTER_CONFIG}: the key {pattern!r} of {key} repeats so much that "
                    "comparing it with the names of the modules could take minutes; write the "
                    "name of a module there, such as 'q_proj'"
                )


def _in_full(pattern: str) -> str:
    """Return the expression by which peft compares a pattern with the name of a module."""
    return rf"(.*\.)?({pattern})$"


def _matching(patterns: Mapping[str, Any] | None, module: str, otherwise: Any) -> Any:
    return next(
        (
            value
            for pattern, value in (patterns or {}).items()
            if re.match(_in_full(pattern), module)
        ),
        otherwise,
    )


def rank_of(config: Mapping[str, Any], module: str) -> int:
    """Return the rank that a checked configuration gives a module, as peft finds it."""
    return _matching(config.get("rank_pattern"), module, config.get("r", _DEFAULT_RANK))


def scale_of(config: Mapping[str, Any], module: str, rank: int) -> float:
    """Return alpha/r, or alpha/√r for rsLoRA, that a checked configuration gives a module."""
    alpha = float(_matching(config.get("alpha_pattern"), module, config["lora_alpha"]))
    return alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)
