"""Writing a repaired adapter or model.

Guarantees: an adapter keeps its factors and its scaling and grows by one rank per scaled direction
(and by what a start such as PiSSA took out of the base, so that it needs no start), so that nothing
is truncated and λ = 1 gives the original up to rounding; it is written only if it can be read again
by rankscope, and by peft where peft is installed; a merged model is float32
throughout, whatever the base is stored in, and holds all that was trained, or is refused. What the
form of an adapter cannot take up stays as it is, and is named. The folder appears whole or not at
all, with a record of every scaled direction in `repair.json`.
"""

import json
import logging
import shutil
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rankscope.artefacts.files import replacing_folder, write_json
from rankscope.audit.repair import Correction, Intervention, ScaledDirection, corrections
from rankscope.errors import ModelError
from rankscope.weights.adapters.adapter_config import ADAPTER_CONFIG, START_SETTINGS
from rankscope.weights.adapters.adapters import LoraAdapter, open_tuned
from rankscope.weights.adapters.peft_models import check_loads, is_installed
from rankscope.weights.checkpoints import FullCheckpoint
from rankscope.weights.matrices import Matrix, Model, open_model
from rankscope.weights.quantised import is_quantisation_state, is_quantised
from rankscope.weights.tensor_files import list_tensors
from rankscope.weights.updates import Tuned, some_of

logger = logging.getLogger(__name__)

_COPIED = frozenset({".json", ".txt", ".model", ".jinja"})


def repair_adapter(
    adapter: Path, base: Path, intervention: Intervention, out: Path
) -> list[ScaledDirection]:
    """Write the repaired adapter to `out`; return what was scaled.

    Raises:
        ModelError: not a plain LoRA adapter, or it does not fit the base.
    """
    model = open_model(base)
    tuned = open_tuned(adapter, model)
    if not isinstance(tuned, LoraAdapter) or tuned.config.get("use_dora"):
        kind = "a DoRA adapter" if isinstance(tuned, LoraAdapter) else "a full checkpoint"
        raise ModelError(
            f"{adapter}: {kind} has no factors that could take up a scaled direction; "
            "write a merged model instead (--merged)"
        )
    found: list[Correction] = []
    kept: list[Correction] = []
    for correction in corrections(model, tuned, intervention):
        (found if _can_grow(tuned, correction.matrix) else kept).append(correction)
    if kept:
        logger.warning(
            "%s: only factors of linear layers take up a scaled direction; left as they are, with "
            "directions to scale: %s",
            adapter, some_of([correction.matrix.name for correction in kept]),
        )  # fmt: skip
    tensors, grown = _grown(tuned, _by_module(tuned, found))
    from safetensors.numpy import save_file

    directions = [direction for correction in found for direction in correction.directions]
    with replacing_folder(out) as temporary:
        write_json(temporary / ADAPTER_CONFIG, _grown_config(tuned.config, grown))
        contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
        save_file(contiguous, temporary / "adapter_model.safetensors", metadata={"format": "pt"})
        _write_record(temporary, intervention, directions)
        open_tuned(temporary, model)
        if is_installed():
            check_loads(temporary, model, out)
        else:
            logger.warning("%s: without peft here, that peft loads it could not be tried", out)
    return directions


@dataclass(frozen=True)
class _Grown:
    """Rank and alpha of a target, as peft's patterns name it, whose factors have grown."""

    rank: int
    alpha: float


def _grown(
    tuned: LoraAdapter, parts: Mapping[str, Sequence[Correction]]
) -> tuple[dict[str, np.ndarray], dict[str, _Grown]]:
    """Return all tensors of the adapter, factors with what they take up, and their targets.

    What a start took out of the base is taken up, too: the start itself cannot be repeated for
    factors of another rank.
    """
    stored = list_tensors(tuned.folder, "adapter_model")
    tensors = {name: tensor.read() for name, tensor in stored.items()}
    names = {tensor: name for name, tensor in stored.items()}
    moved = {tuned.modules[m.name]: m for m in tuned.matrices if tuned.is_moved(m)}
    grown = {}
    for module in dict.fromkeys((*moved, *parts)):
        a_name, b_name = (names[tuned.factors[module][kind]] for kind in ("lora_A", "lora_B"))
        a, b = tensors[a_name], tensors[b_name]
        scale = tuned.scale(module, a.shape[0])
        if scale == 0:
            raise ModelError(
                f"{tuned.folder / ADAPTER_CONFIG}: lora_alpha is 0 for {module}, by which its "
                "factors are multiplied; write a merged model instead (--merged)"
            )
        left = [
            tuned.base.place(part.matrix, part.left, b.shape[0]) for part in parts.get(module, ())
        ]
        right = [part.right for part in parts.get(module, ())]
        if module in moved:
            taken = tuned.taken(moved[module], a.shape[0])
            left.append(-taken.left)
            right.append(taken.right)
        tensors[a_name] = np.concatenate([a, *right]).astype(np.float32)
        tensors[b_name] = np.concatenate([b, *(added / scale for added in left)], 1).astype(
            np.float32
        )
        rank = tensors[a_name].shape[0]
        grown[tuned.target(module)] = _Grown(
            rank, scale * (rank**0.5 if tuned.config.get("use_rslora") else rank)
        )
    return tensors, grown


def _grown_config(config: Mapping[str, Any], grown: Mapping[str, _Grown]) -> dict[str, Any]:
    """Return the configuration of grown factors, which are all of the update, and no start."""
    # the first pattern that matches wins in peft: exact module names go before what was there
    kept = {name: value for name, value in config.items() if name not in START_SETTINGS}
    return kept | {
        "init_lora_weights": True,
        "rank_pattern": {target: each.rank for target, each in grown.items()}
        | _others(config.get("rank_pattern"), grown),
        "alpha_pattern": {target: each.alpha for target, each in grown.items()}
        | _others(config.get("alpha_pattern"), grown),
    }


def _can_grow(tuned: LoraAdapter, matrix: Matrix) -> bool:
    """Say whether the factors of `matrix` can take up a direction and be loaded by peft."""
    # `ensure_weight_tying` has the head's factors be those of the embedding, transposed
    is_tied = tuned.config.get("ensure_weight_tying") and matrix.layer is None
    # factors of a stack have one rank for all of its experts
    is_stack = tuned.modules[matrix.name] in tuned.stacks
    return "lora_B" in tuned.stored(matrix) and not is_tied and not is_stack


def _others(pattern: Mapping[str, float] | None, exact: Container[str]) -> dict[str, float]:
    return {name: value for name, value in (pattern or {}).items() if name not in exact}


def repair_merged(
    adapter: Path, base: Path, intervention: Intervention, out: Path
) -> list[ScaledDirection]:
    """Write the repaired update merged into the base, a float32 model; return what was scaled.

    Raises:
        ModelError: it does not fit the base, or holds what a merged model cannot.
    """
    model = open_model(base)
    tuned = open_tuned(adapter, model)
    if isinstance(tuned, LoraAdapter):
        _check_mergeable(tuned)
    found = {
        correction.matrix.name: correction for correction in corrections(model, tuned, intervention)
    }
    source = tuned.model if isinstance(tuned, FullCheckpoint) else model
    changed: dict[str, list[Matrix]] = defaultdict(list)
    for matrix in tuned.matrices:
        own = tuned.own[matrix.name] if isinstance(tuned, FullCheckpoint) else matrix
        changed[own.tensor].append(matrix)
    weight_map: dict[str, str] = {}
    directions = [direction for correction in found.values() for direction in correction.directions]
    with replacing_folder(out) as temporary:
        _copy_surroundings(source, temporary)
        from safetensors.numpy import save_file

        for shard in sorted({stored.path for stored in source.tensors.values()}):
            tensors = {
                name: np.ascontiguousarray(
                    _merged(model, source, tuned, name, changed[name], found)
                )
                for name, stored in source.tensors.items()
                if stored.path == shard and not is_quantisation_state(name, source.tensors)
            }
            save_file(tensors, temporary / shard.name, metadata={"format": "pt"})
            weight_map |= dict.fromkeys(tensors, shard.name)
        if len(set(weight_map.values())) > 1:
            index = {"metadata": {}, "weight_map": weight_map}
            write_json(temporary / "model.safetensors.index.json", index)
        _write_record(temporary, intervention, directions)
    return directions


def _check_mergeable(adapter: LoraAdapter) -> None:
    """Check that a merged model can hold all that the adapter trained."""
    if adapter.left_out:
        named = some_of([each.name for each in adapter.left_out])
        raise ModelError(
            f"{adapter.folder}: trained more than weight matrices of layers, which a merged model "
            f"would lose: {named}; repair it as an adapter, or merge it with "
            "peft's `merge_and_unload()` in float32 and repair the merged model"
        )
    tied = [matrix.name for matrix in adapter.matrices if adapter.base.is_tied(matrix.tensor)]
    if tied:
        raise ModelError(
            f"{adapter.folder}: changes {some_of(tied)} alone, but embeddings and head of the base "
            "are one tensor, so that a merged model would change both; repair it as an adapter"
        )
    if adapter.config.get("alora_invocation_tokens"):
        raise ModelError(
            f"{adapter.folder}: acts only after its invocation tokens (alora_invocation_tokens), "
            "which a merged model cannot; repair it as an adapter"
        )


def _merged(
    model: Model,
    source: Model,
    tuned: Tuned,
    name: str,
    matrices: Sequence[Matrix],
    found: dict[str, Correction],
) -> np.ndarray:
    """Return tensor `name` of the merged model, in the checkpoint's orientation."""
    if not matrices and not is_quantised(name, source.tensors):
        return source.tensors[name].read()
    whole = source.read_whole(name).astype(np.float64)
    for matrix in matrices:
        addition = np.zeros(matrix.shape)
        if source is model:
            addition += tuned.update(matrix, model.read(matrix).astype(np.float64)).dense()
        if matrix.name in found:
            addition += found[matrix.name].left @ found[matrix.name].right
        own = tuned.own[matrix.name] if isinstance(tuned, FullCheckpoint) else matrix
        source.add(own, whole, addition)
    return whole.astype(np.float32)


def _copy_surroundings(source: Model, folder: Path) -> None:
    """Copy tokenizer and configuration; the configuration says float32 and no quantisation."""
    for path in source.folder.iterdir():
        if path.suffix in _COPIED and not path.name.endswith(".index.json"):
            shutil.copyfile(path, folder / path.name)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config.pop("quantization_config", None)
    config["torch_dtype" if "torch_dtype" in config else "dtype"] = "float32"
    write_json(folder / "config.json", config)


def _by_module(tuned: LoraAdapter, found: Sequence[Correction]) -> dict[str, list[Correction]]:
    grouped: dict[str, list[Correction]] = defaultdict(list)
    for correction in found:
        grouped[tuned.modules[correction.matrix.name]].append(correction)
    return grouped


def _write_record(
    folder: Path, intervention: Intervention, directions: Sequence[ScaledDirection]
) -> None:
    settings = {name: value for name, value in asdict(intervention).items() if name != "cache"}
    write_json(
        folder / "repair.json",
        {"intervention": settings, "scaled": [asdict(direction) for direction in directions]},
    )
