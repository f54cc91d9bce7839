"""What fine-tuning changed: a LoRA adapter's exact factors, or the dense difference of weights.

Guarantees: a LoRA update is given by its own A and B (float32 as trained, never through merged
weights), with alpha/r or alpha/√r (rsLoRA), `rank_pattern`, `alpha_pattern` and `fan_in_fan_out`
applied as peft applies them; a DoRA update is the dense difference that its magnitudes make of it.
Every adapter must fit its base: names and shapes are checked when it is opened, before any work.
"""

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rankscope.errors import ModelError
from rankscope.spectra.matrices import Matrix, Model, open_model
from rankscope.spectra.tensor_files import StoredTensor, list_tensors, read_config

_FACTOR = re.compile(
    r"^(?:base_model\.model\.)?(?P<module>.+)\."
    r"(?P<kind>lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)"
    r"(?:\.default)?(?:\.weight)?$"
)
# initialisations that also change the base weight, so that A and B alone do not say the update
_CHANGES_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")


@dataclass(frozen=True)
class LowRank:
    """ΔW = `left` @ `right`: m × r (the scale folded in) and r × n, float64."""

    left: np.ndarray
    right: np.ndarray

    @property
    def rank(self) -> int:
        """Rank of the update as given: an upper bound of its numerical rank."""
        return int(self.left.shape[1])

    @property
    def is_finite(self) -> bool:
        """Whether it holds neither NaN nor infinity."""
        return bool(np.isfinite(self.left).all() and np.isfinite(self.right).all())

    def dense(self) -> np.ndarray:
        """ΔW itself."""
        return self.left @ self.right


@dataclass(frozen=True)
class Dense:
    """ΔW as an m × n float64 matrix of any rank."""

    delta: np.ndarray

    @property
    def is_finite(self) -> bool:
        """Whether it holds neither NaN nor infinity."""
        return bool(np.isfinite(self.delta).all())

    def dense(self) -> np.ndarray:
        """ΔW itself."""
        return self.delta


Update = LowRank | Dense


class Tuned(Protocol):
    """A fine-tuned version of a base: which matrices it changed, and how."""

    @property
    def matrices(self) -> tuple[Matrix, ...]:
        """The matrices that differ from the base, or may."""
        ...

    def update(self, matrix: Matrix, weight: np.ndarray) -> Update:
        """Return the change of `matrix`, whose base `weight` is given (m × n)."""
        ...

    def precision(self, matrix: Matrix) -> str:
        """Say in which precision the change is stored."""
        ...


@dataclass(frozen=True)
class FullCheckpoint:
    """A full fine-tuned checkpoint: ΔW is the difference to the base, formed in float64."""

    model: Model
    base: Model
    matrices: tuple[Matrix, ...]

    def update(self, matrix: Matrix, weight: np.ndarray) -> Dense:
        """Return the difference between the tuned and the base weight."""
        return Dense(self.tuned(matrix).astype(np.float64) - weight)

    def tuned(self, matrix: Matrix) -> np.ndarray:
        """Read the tuned weight, m × n."""
        (found,) = (
            own for own in self.model.describe([self.tensor(matrix)]) if own.part == matrix.part
        )
        # a version may have diverged, which is for the caller to judge; `Model.read` refuses it
        return self.model.select(found, self.model.read_whole(found.tensor))

    def precision(self, matrix: Matrix) -> str:
        """Say in which precision the tuned weight is stored."""
        return self.model.precision(self.model.describe([self.tensor(matrix)])[0])

    def tensor(self, matrix: Matrix) -> str:
        """Return the tuned checkpoint's own name of the tensor that holds `matrix`."""
        return self.model.find(matrix.module) or matrix.tensor


@dataclass(frozen=True)
class LoraAdapter:
    """A peft LoRA adapter (rsLoRA and DoRA included) on a base model."""

    folder: Path
    config: dict[str, Any]
    base: Model
    factors: dict[str, dict[str, StoredTensor]]  # base tensor -> kind -> stored factor
    modules: dict[str, str] = field(repr=False)  # base tensor -> module as the adapter names it
    matrices: tuple[Matrix, ...] = field(repr=False)

    def scale(self, tensor: str, rank: int) -> float:
        """Return alpha/r, or alpha/√r for rsLoRA, of the module that holds `tensor`."""
        module = self.modules[tensor]
        patterns = self.config.get("alpha_pattern") or {}
        alpha = next(
            (
                value
                for pattern, value in patterns.items()
                if re.match(rf"(.*\.)?({pattern})$", module)
            ),
            self.config["lora_alpha"],
        )
        return alpha / (math.sqrt(rank) if self.config.get("use_rslora") else rank)

    def low_rank(self, matrix: Matrix) -> LowRank:
        """Return scale·B and A of the matrix, without DoRA's magnitudes."""
        stored = self.factors[matrix.tensor]
        if "lora_embedding_A" in stored:  # ΔW = (B A)ᵀ for an embedding of tokens × features
            left = stored["lora_embedding_A"].read().T.astype(np.float64)
            right = stored["lora_embedding_B"].read().T.astype(np.float64)
        else:
            left = stored["lora_B"].read().astype(np.float64)
            right = stored["lora_A"].read().astype(np.float64)
        left = self.base.select(matrix, left)
        return LowRank(left * self.scale(matrix.tensor, right.shape[0]), right)

    def update(self, matrix: Matrix, weight: np.ndarray) -> Update:
        """Return the factors, or for DoRA the dense difference.

        DoRA (arXiv 2402.09353, eq. 5): W = m · (W0 + s·BA) / ‖W0 + s·BA‖, row by row.
        """
        low_rank = self.low_rank(matrix)
        magnitude = self.factors[matrix.tensor].get("lora_magnitude_vector")
        if magnitude is None:
            return low_rank
        direction = weight + low_rank.dense()
        wanted = self.base.select(matrix, magnitude.read().reshape(-1).astype(np.float64))
        norms = np.linalg.norm(direction, axis=1)
        return Dense(direction * (wanted / norms)[:, None] - weight)

    def precision(self, matrix: Matrix) -> str:
        """Say in which precision the factors are stored."""
        return next(iter(self.factors[matrix.tensor].values())).dtype


def open_adapter(folder: Path, base: Model) -> LoraAdapter:
    """Open a peft LoRA adapter and check that it fits `base`.

    Raises:
        ModelError: another kind of adapter, unknown modules, wrong shapes, damaged files.
    """
    config = read_config(folder / "adapter_config.json")
    _check_kind(folder, config)
    factors: dict[str, dict[str, StoredTensor]] = defaultdict(dict)
    modules: dict[str, str] = {}
    unknown = []
    tensors = list_tensors(folder, "adapter_model")
    _check_vocabulary(folder, tensors, base)
    for name, stored in tensors.items():
        match = _FACTOR.match(name)
        if match is None:
            continue
        tensor = base.find(match["module"])
        if tensor is None:
            unknown.append(match["module"])
            continue
        factors[tensor][match["kind"]] = stored
        modules[tensor] = match["module"]
    if unknown:
        raise ModelError(
            f"{folder}: the adapter targets {len(set(unknown))} modules that the base "
            f"{base.folder} does not have, {unknown[0]!r} first; is it the adapter's base?"
        )
    if not factors:
        raise ModelError(f"{folder}: adapter_model.safetensors holds no LoRA factors")
    order = {matrix.tensor for matrix in base.matrices}
    outside = sorted(name for name in factors if name not in order)
    described = {matrix.name: matrix for matrix in base.matrices if matrix.tensor in factors}
    described |= {matrix.name: matrix for matrix in base.describe(outside)}
    adapter = LoraAdapter(folder, config, base, dict(factors), modules, tuple(described.values()))
    _check_shapes(adapter)
    return adapter


def is_plain_lora(config: dict[str, Any]) -> bool:
    """Say whether an adapter's A and B (and DoRA's magnitudes) are all of its update."""
    start = str(config.get("init_lora_weights", "")).lower()
    return (
        config.get("peft_type") == "LORA"
        and not start.startswith(_CHANGES_BASE)
        and not config.get("use_qalora")
    )


def _check_kind(folder: Path, config: dict[str, Any]) -> None:
    if is_plain_lora(config):
        return
    kind = config.get("peft_type")
    if kind == "LORA":
        kind = f"LoRA adapter initialised with {config.get('init_lora_weights')!r}"
    raise ModelError(
        f"{folder}: {kind} is no plain LoRA; merge it with peft's `merge_and_unload()` in float32, "
        "save it, and give the merged model (`rankscope inspect` does this by itself)"
    )


def _check_vocabulary(folder: Path, tensors: dict[str, StoredTensor], base: Model) -> None:
    """Compare whole modules stored beside the factors (embeddings, heads) with the base's."""
    for name, stored in tensors.items():
        module = name.removeprefix("base_model.model.").removesuffix(".weight")
        if not re.search(r"(embed_tokens|word_embeddings|wte|embed_in|lm_head)$", module):
            continue
        tensor = base.find(module)
        if tensor is not None and base.tensors[tensor].shape != stored.shape:
            raise ModelError(
                f"{folder}: {module} is {stored.shape}, in the base {base.folder} "
                f"{base.tensors[tensor].shape}: another vocabulary, so another base"
            )


def _check_shapes(adapter: LoraAdapter) -> None:
    whole: dict[str, int] = defaultdict(int)
    for matrix in adapter.matrices:
        whole[matrix.tensor] += matrix.shape[0]
    for matrix in adapter.matrices:
        stored = adapter.factors[matrix.tensor]
        pair = ("lora_embedding_B", "lora_embedding_A")
        if pair[0] not in stored and pair[1] not in stored:
            pair = ("lora_B", "lora_A")
        if not set(pair) <= set(stored):
            raise ModelError(f"{adapter.folder}: {matrix.module} has only {sorted(stored)}")
        left, right = (stored[kind].shape for kind in pair)
        rows, columns = whole[matrix.tensor], matrix.shape[1]
        expected = (columns, rows) if pair[0] == "lora_embedding_B" else (rows, columns)
        if len(left) != 2 or (left[0], right[1]) != expected or left[1] != right[0]:
            raise ModelError(
                f"{adapter.folder}: {matrix.module} has factors of {left} and {right}, but the "
                f"base weight is {rows} × {columns}; the adapter belongs to another base "
                "(or another vocabulary)"
            )


def open_checkpoint(folder: Path, base: Model) -> FullCheckpoint:
    """Open a full checkpoint and check that it has the matrices of `base`.

    Raises:
        ModelError: a matrix is missing or has another shape.
    """
    model = open_model(folder)
    _check_vocabulary(folder, model.tensors, base)
    if not base.matrices:
        raise ModelError(f"{base.folder}: has no 2-D weights inside numbered layers to compare")
    own = {matrix.name: matrix for matrix in model.matrices}
    for matrix in base.matrices:
        tensor = model.find(matrix.module)
        if tensor is None:
            raise ModelError(
                f"{folder}: has no {matrix.module!r}, which the base {base.folder} has; "
                f"it has {len(own)} matrices, {next(iter(own), 'none')!r} first"
            )
        shapes = [found.shape for found in model.describe([tensor]) if found.part == matrix.part]
        if shapes != [matrix.shape]:
            raise ModelError(
                f"{folder}: {matrix.module} is {shapes[0] if shapes else 'split otherwise'}, "
                f"in the base {base.folder} {matrix.shape}"
            )
    return FullCheckpoint(model, base, base.matrices)


def open_tuned(folder: Path, base: Model) -> Tuned:
    """Open an adapter folder or a full checkpoint, whichever `folder` holds.

    Raises:
        ModelError: neither, or it does not fit `base`.
    """
    if (folder / "adapter_config.json").is_file():
        return open_adapter(folder, base)
    if (folder / "config.json").is_file():
        return open_checkpoint(folder, base)
    raise ModelError(
        f"{folder}: neither a peft adapter (adapter_config.json) nor a model (config.json)"
    )
