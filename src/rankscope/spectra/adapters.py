"""What fine-tuning changed: a LoRA adapter's exact factors, or the dense difference of weights.

Guarantees: a LoRA update is given by its own A and B (float32 as trained, never through merged
weights), with alpha/r or alpha/√r (rsLoRA), `rank_pattern`, `alpha_pattern` and `fan_in_fan_out`
applied as peft applies them; a DoRA update is the dense difference that its magnitudes make of it,
a layer's weight that was trained whole (`modules_to_save`) the difference to the base. Each module
has its own update, a head that shares the embedding's tensor included, as in peft's forward pass.
Whatever else an adapter trained (biases, norms, heads, single tokens) is named and left out.
Every adapter must fit its base: names and shapes are checked when it is opened, before any work.
"""

import logging
import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from rankscope.errors import ModelError
from rankscope.spectra.adapter_config import check_config
from rankscope.spectra.matrices import Matrix, Model, open_model
from rankscope.spectra.tensor_files import StoredTensor, list_tensors, read_config

logger = logging.getLogger(__name__)

_FACTOR = re.compile(
    r"^(?:base_model\.model\.)?(?P<module>.+)\."
    r"(?P<kind>lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)"
    r"(?:\.default)?(?:\.weight)?$"
)
_NAMED = 5  # tensors that a message names


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
    """A peft LoRA adapter (rsLoRA and DoRA included) on a base model.

    Attributes:
        factors: kind -> stored factor, for each module as the adapter names it.
        wholes: the stored weight of each module that was trained whole.
        modules: the module of each matrix, by the matrix's name.
        left_out: names of the trained tensors that are none of these.
    """

    folder: Path
    config: dict[str, Any]
    base: Model
    factors: dict[str, dict[str, StoredTensor]]
    wholes: dict[str, StoredTensor]
    left_out: tuple[str, ...]
    modules: dict[str, str] = field(repr=False)
    matrices: tuple[Matrix, ...] = field(repr=False)

    def stored(self, matrix: Matrix) -> dict[str, StoredTensor]:
        """Return the factors of a matrix by kind: none where it was trained whole."""
        return self.factors.get(self.modules[matrix.name], {})

    def scale(self, module: str, rank: int) -> float:
        """Return alpha/r, or alpha/√r for rsLoRA, of `module`."""
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
        stored = self.stored(matrix)
        if "lora_embedding_A" in stored:  # ΔW = (B A)ᵀ for an embedding of tokens × features
            left = stored["lora_embedding_A"].read().T.astype(np.float64)
            right = stored["lora_embedding_B"].read().T.astype(np.float64)
        else:
            left = stored["lora_B"].read().astype(np.float64)
            right = stored["lora_A"].read().astype(np.float64)
        left = self.base.select(matrix, left)
        return LowRank(left * self.scale(self.modules[matrix.name], right.shape[0]), right)

    def update(self, matrix: Matrix, weight: np.ndarray) -> Update:
        """Return the factors; for DoRA and modules trained whole, the dense difference.

        DoRA (arXiv 2402.09353, eq. 5): W = m · (W0 + s·BA) / ‖W0 + s·BA‖, for each output: a row
        of a linear weight, a column (feature) of an embedding.
        """
        stored = self.stored(matrix)
        if not stored:
            return Dense(self._whole(matrix).astype(np.float64) - weight)
        low_rank = self.low_rank(matrix)
        if "lora_magnitude_vector" not in stored:
            return low_rank
        direction = weight + low_rank.dense()
        wanted = stored["lora_magnitude_vector"].read().reshape(-1).astype(np.float64)
        if "lora_embedding_A" in stored:
            return Dense(direction * (wanted / np.linalg.norm(direction, axis=0)) - weight)
        factor = self.base.select(matrix, wanted) / np.linalg.norm(direction, axis=1)
        return Dense(direction * factor[:, None] - weight)

    def _whole(self, matrix: Matrix) -> np.ndarray:
        weight = self.wholes[self.modules[matrix.name]].read()
        oriented = weight.T if self.base.is_conv1d(matrix.tensor) else weight
        return self.base.select(matrix, oriented)

    def precision(self, matrix: Matrix) -> str:
        """Say in which precision the update is stored."""
        stored = self.stored(matrix) or {"": self.wholes[self.modules[matrix.name]]}
        return next(iter(stored.values())).dtype


def open_adapter(folder: Path, base: Model) -> LoraAdapter:
    """Open a peft LoRA adapter and check that it fits `base`.

    Raises:
        ModelError: another kind of adapter, unknown modules, wrong shapes, damaged files.
    """
    config = read_config(folder / "adapter_config.json")
    check_config(folder, config)
    tensors = list_tensors(folder, "adapter_model")
    _check_vocabulary(folder, tensors, base)
    factors: dict[str, dict[str, StoredTensor]] = defaultdict(dict)
    wholes: dict[str, StoredTensor] = {}
    left_out = []
    linear = {matrix.tensor for matrix in base.matrices}
    for name, stored in tensors.items():
        module = name.removeprefix("base_model.model.").removesuffix(".weight")
        if match := _FACTOR.match(name):
            factors[match["module"]][match["kind"]] = stored
        elif name.endswith(".weight") and base.find(module) in linear:
            wholes[module] = stored
        elif not name.endswith(".base_layer.weight"):  # peft's copy of a targeted embedding
            left_out.append(name)
    if not factors:
        raise ModelError(f"{folder}: adapter_model.safetensors holds no LoRA factors")
    modules, matrices = _place(folder, base, (*factors, *wholes))
    adapter = LoraAdapter(
        folder, config, base, dict(factors), wholes, tuple(left_out), modules, matrices
    )
    _check_shapes(adapter)
    if left_out:
        logger.warning(
            "%s: trained, but no weight matrices of layers, so left out: %s",
            folder, some_of(left_out),
        )  # fmt: skip
    return adapter


def _place(
    folder: Path, base: Model, modules: Sequence[str]
) -> tuple[dict[str, str], tuple[Matrix, ...]]:
    """Return the module of each matrix name, and the matrices in the order of the base."""
    holders: dict[str, list[str]] = defaultdict(list)
    unknown = []
    for module in modules:
        tensor = base.find(module)
        if tensor is None:
            unknown.append(module)
        else:
            holders[tensor].append(module)
    if unknown:
        raise ModelError(
            f"{folder}: the adapter targets {len(unknown)} modules that the base "
            f"{base.folder} does not have, {unknown[0]!r} first; is it the adapter's base?"
        )
    linear = {matrix.tensor for matrix in base.matrices}
    outside = base.describe(sorted(tensor for tensor in holders if tensor not in linear))
    placed: dict[str, str] = {}
    matrices = []
    for matrix in (*base.matrices, *outside):
        for module in holders[matrix.tensor]:
            named = _named_after(module, matrix)
            if named.name in placed:
                raise ModelError(
                    f"{folder}: {placed[named.name]!r} and {module!r} are both "
                    f"{matrix.tensor!r} in the base {base.folder}; is it the adapter's base?"
                )
            placed[named.name] = module
            matrices.append(named)
    return placed, tuple(matrices)


def _named_after(module: str, matrix: Matrix) -> Matrix:
    """Name the matrix after a head that shares the embedding's tensor: it has its own update."""
    own = module.rsplit(".", 1)[-1]
    if own == matrix.module.rsplit(".", 1)[-1]:
        return matrix
    return replace(matrix, name=module, module_type=own)


def some_of(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


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
    rows: dict[str, int] = defaultdict(int)
    for matrix in adapter.matrices:
        rows[adapter.modules[matrix.name]] += matrix.shape[0]
    for matrix in adapter.matrices:
        module = adapter.modules[matrix.name]
        shape = rows[module], matrix.shape[1]
        if module in adapter.factors:
            _check_factors(adapter, module, shape)
            continue
        stored = adapter.wholes[module].shape
        if stored != (shape[::-1] if adapter.base.is_conv1d(matrix.tensor) else shape):
            raise ModelError(
                f"{adapter.folder}: {module} was trained whole and is {stored}, but the base "
                f"weight is {shape[0]} × {shape[1]}; the adapter belongs to another base"
            )


def _check_factors(adapter: LoraAdapter, module: str, shape: tuple[int, int]) -> None:
    stored = adapter.factors[module]
    is_embedding = "lora_embedding_A" in stored or "lora_embedding_B" in stored
    names = ("lora_embedding_B", "lora_embedding_A") if is_embedding else ("lora_B", "lora_A")
    if not set(names) <= set(stored):
        raise ModelError(f"{adapter.folder}: {module} has only {sorted(stored)}")
    left, right = (stored[name].shape for name in names)
    expected = shape[::-1] if is_embedding else shape
    if len(left) != 2 or len(right) != 2 or (left[0], right[1]) != expected or left[1] != right[0]:
        raise ModelError(
            f"{adapter.folder}: {module} has factors of {left} and {right}, but the "
            f"base weight is {shape[0]} × {shape[1]}; the adapter belongs to another base "
            "(or another vocabulary)"
        )
    magnitude = stored.get("lora_magnitude_vector")
    if magnitude is not None and math.prod(magnitude.shape) != expected[0]:
        raise ModelError(
            f"{adapter.folder}: {module} has DoRA magnitudes of {magnitude.shape}, but the base "
            f"weight has {expected[0]} outputs; the adapter belongs to another base"
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
