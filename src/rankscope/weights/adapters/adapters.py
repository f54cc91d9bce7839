"""What a LoRA adapter changed: its exact factors, or the dense difference that it makes.

Guarantees: a LoRA update is given by its own A and B (float32 as trained, never through merged
weights), with alpha/r or alpha/√r (rsLoRA), `rank_pattern` and `alpha_pattern` applied as peft
applies them; factors on a stack of experts (`target_parameters`) are those of each expert; a DoRA
update is the dense difference that its magnitudes make of it, a layer's weight that was trained
whole (`modules_to_save`) the difference to the base. Each module has its own update, a head that
shares the embedding's tensor included, as in peft's forward pass. How a weight is oriented is the
base's to say. Whatever else an adapter trained (biases, norms, heads, single tokens, kernels) is
named and left out. Every adapter must fit its base: names and shapes are checked when it is opened,
before any work.
"""

import logging
import math
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rankscope.errors import ModelError
from rankscope.weights.adapters.adapter_config import (
    ADAPTER_CONFIG,
    MERGED,
    check_config,
    check_patterns,
    rank_of,
    scale_of,
    start_of,
)
from rankscope.weights.adapters.placing import is_targeted, place
from rankscope.weights.adapters.starts import Taken, taken
from rankscope.weights.checkpoints import open_checkpoint
from rankscope.weights.layouts.layout import Parameter
from rankscope.weights.matrices import Matrix, Model
from rankscope.weights.tensor_files import StoredTensor, list_tensors, read_config
from rankscope.weights.updates import Dense, LeftOut, LowRank, Tuned, Update, kind_of, some_of, told

logger = logging.getLogger(__name__)

_FACTOR = re.compile(
    r"^(?:base_model\.model\.)?(?P<module>.+)\."
    r"(?P<kind>lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)"
    r"(?:\.(?P<adapter>(?!weight$|bias$)[^.]+))?(?:\.weight)?$"
)
_TRAINED = "trained, but no matrix of a layer"


@dataclass(frozen=True)
class LoraAdapter:
    """A peft LoRA adapter (rsLoRA and DoRA included) on a base model.

    Attributes:
        factors: kind -> stored factor, for each module as the adapter names it.
        wholes: the stored weight of each module that was trained whole.
        modules: the module of each matrix, by the matrix's name.
        stacks: the stack of experts that each module adapts, where it adapts one.
        left_out: the trained tensors that are none of these.
    """

    folder: Path
    config: dict[str, Any]
    base: Model
    factors: dict[str, dict[str, StoredTensor]]
    wholes: dict[str, StoredTensor]
    left_out: tuple[LeftOut, ...]
    modules: dict[str, str] = field(repr=False)
    stacks: dict[str, Parameter] = field(repr=False)
    matrices: tuple[Matrix, ...] = field(repr=False)

    def stored(self, matrix: Matrix) -> dict[str, StoredTensor]:
        """Return the factors of a matrix by kind: none where it was trained whole."""
        return self.factors.get(self.modules[matrix.name], {})

    def scale(self, module: str, rank: int) -> float:
        """Return alpha/r, or alpha/√r for rsLoRA, of `module`."""
        return scale_of(self.config, self.target(module), rank)

    def target(self, module: str) -> str:
        """Return the name that peft compares with patterns: a parameter's where it targets one."""
        if module in self.stacks:
            return self.stacks[module].name
        weight = f"{module}.weight"
        return weight if is_targeted(weight, self.config) else module

    def low_rank(self, matrix: Matrix) -> LowRank:
        """Return scale·B and A of the matrix, without DoRA's magnitudes.

        Where its start took a part out of the base, that comes off, as further columns and rows.
        """
        stored, module = self.stored(matrix), self.modules[matrix.name]
        if "lora_embedding_A" in stored:  # ΔW = (B A)ᵀ for an embedding of tokens × features
            left = stored["lora_embedding_A"].read().T.astype(np.float64)
            right = stored["lora_embedding_B"].read().T.astype(np.float64)
        else:
            left = stored["lora_B"].read().astype(np.float64)
            right = stored["lora_A"].read().astype(np.float64)
        if module in self.stacks:
            left, right = self._of_expert(matrix, left, right)
        left, right = self.base.select(matrix, left), self.base.select_columns(matrix, right)
        update = LowRank(left * self.scale(module, right.shape[0]), right)
        return self._without_taken(matrix, update) if self.is_moved(matrix) else update

    def _without_taken(self, matrix: Matrix, update: LowRank) -> LowRank:
        """Take off what the start of the adapter took out of the base (`starts`)."""
        found = self.taken(matrix, update.rank)
        left = np.concatenate([update.left, -self.base.select(matrix, found.left)], 1)
        change = LowRank(left, np.concatenate([update.right, found.right]))
        found.check(f"{self.folder}, {matrix.name}", change.norm)
        return change

    def taken(self, matrix: Matrix, rank: int) -> Taken:
        """Return what the start took out of the whole weight that `matrix` is in."""
        scale = self.scale(self.modules[matrix.name], rank)
        stored = self.base.read_whole(matrix.tensor)
        whole = stored.T if matrix.piece.flipped else stored
        start = str(start_of(self.config))
        return taken(start, whole, rank, scale, matrix.parameter.is_flipped)

    def is_moved(self, matrix: Matrix) -> bool:
        """Say whether the start took a part of this weight out of the base."""
        # peft has no such start for embeddings
        return start_of(self.config) is not None and "lora_A" in self.stored(matrix)

    def _of_expert(
        self, matrix: Matrix, left: np.ndarray, right: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Take one expert's factors out of those of a stack.

        peft stacks A by expert and B by rank: B is m × (r · experts), A is (experts · r) × n, and
        the update of expert e is B[:, :, e] A[e]; its transpose where peft and the library differ
        on which of the stack's dimensions is the inner one.
        """
        experts = self._experts(matrix)
        slot = matrix.piece.slot or 0
        left = left.reshape(left.shape[0], -1, experts)[:, :, slot]
        right = right.reshape(experts, -1, right.shape[1])[slot]
        parameter = matrix.parameter
        return (left, right) if parameter.peft_flips == parameter.is_flipped else (right.T, left.T)

    def _experts(self, matrix: Matrix) -> int:
        held = self.base.layout.by_parameter[matrix.piece.parameter]
        return 1 + max(piece.slot or 0 for piece in held)

    def update(self, matrix: Matrix, weight: np.ndarray) -> Update:
        """Return the factors; for DoRA and modules trained whole, the dense difference.

        DoRA (arXiv 2402.09353, eq. 5): W = m · (W0 + s·BA) / ‖W0 + s·BA‖, for each output: a row
        of a linear weight, a column (feature) of an embedding.
        """
        own = self._own(matrix)
        stored = self.stored(own)
        if not stored:
            return Dense(self._whole(own).astype(np.float64) - weight)
        low_rank = self.low_rank(own)
        if "lora_magnitude_vector" not in stored:
            return low_rank
        direction = weight + low_rank.dense()
        wanted = stored["lora_magnitude_vector"].read().reshape(-1).astype(np.float64)
        if "lora_embedding_A" in stored:
            return Dense(direction * (wanted / np.linalg.norm(direction, axis=0)) - weight)
        factor = self.base.select(own, wanted) / np.linalg.norm(direction, axis=1)
        return Dense(direction * factor[:, None] - weight)

    def _own(self, matrix: Matrix) -> Matrix:
        """Return the matrix of that name as the adapter's class of model holds it."""
        return self._by_name[matrix.name]

    @cached_property
    def _by_name(self) -> dict[str, Matrix]:
        return {matrix.name: matrix for matrix in self.matrices}

    def _whole(self, matrix: Matrix) -> np.ndarray:
        stored = self.wholes[self.modules[matrix.name]]
        slot = matrix.piece.slot
        weight = (stored if slot is None else stored.at(slot)).read()
        oriented = weight.T if matrix.parameter.is_flipped else weight
        return self.base.select_columns(matrix, self.base.select(matrix, oriented))

    def precision(self, matrix: Matrix) -> str:
        """Say in which precision the update is stored."""
        stored = self.stored(matrix) or {"": self.wholes[self.modules[matrix.name]]}
        return next(iter(stored.values())).dtype

    def only(self, matrix: Matrix) -> "LoraAdapter":
        """Return it with nothing but what `matrix` needs."""
        own = self._own(matrix)
        module = self.modules[own.name]
        return replace(
            self,
            base=self.base.only(own),
            factors={name: self.factors[name] for name in (module,) if name in self.factors},
            wholes={name: self.wholes[name] for name in (module,) if name in self.wholes},
            left_out=(),
            modules={own.name: module},
            matrices=(own,),
        )


def open_adapter(folder: Path, base: Model) -> LoraAdapter:
    """Open a peft LoRA adapter and check that it fits `base`.

    Raises:
        ModelError: another kind of adapter, unknown modules, wrong shapes, damaged files.
    """
    config = read_config(folder / "adapter_config.json")
    check_config(folder, config)
    tensors = list_tensors(folder, "adapter_model")
    factors: dict[str, dict[str, StoredTensor]] = defaultdict(dict)
    others: dict[str, StoredTensor] = {}
    adapters: set[str | None] = set()
    for name, stored in tensors.items():
        if match := _FACTOR.match(name):
            adapters.add(match["adapter"])
            factors[match["module"]][match["kind"]] = stored
        elif not name.endswith(".base_layer.weight"):  # peft's copy of a targeted embedding
            others[name] = stored
    if not factors and config["peft_type"] != MERGED:
        raise ModelError(f"{folder}: adapter_model.safetensors holds no LoRA factors")
    if len(adapters) > 1:
        raise ModelError(
            f"{folder}: holds the factors of several adapters "
            f"({', '.join(sorted(name or 'one without a name' for name in adapters))}); save each "
            "with peft's `save_pretrained`, which gives it a folder of its own"
        )
    wholes = {
        name.removeprefix("base_model.model.").removesuffix(".weight"): stored
        for name, stored in others.items()
        if name.endswith(".weight") or len(stored.shape) == 3
    }
    _refuse_halves(folder, factors)
    check_patterns(folder, config, [*factors, *wholes])
    placed = place(folder, base, config, factors, wholes)
    left_out = [
        LeftOut(name, kind_of(name, stored.shape), _TRAINED, stored.shape)
        for name, stored in others.items()
        if name.removeprefix("base_model.model.").removesuffix(".weight")
        not in placed.modules.values()
    ]
    shapes = {
        module: next(iter(factors[module].values())).shape
        for module in placed.no_matrix
        if module in factors
    }
    left_out += [
        LeftOut(module, kind_of(f"{module}.weight", shape), _TRAINED, shape)
        for module, shape in shapes.items()
    ]
    adapter = LoraAdapter(
        folder, config, placed.base, dict(factors), wholes, tuple(left_out), placed.modules,
        placed.stacks, tuple(placed.matrices),
    )  # fmt: skip
    kept, refitted = _check_shapes(adapter)
    _check_start(adapter)
    left_out += refitted
    if left_out:
        logger.warning("%s: left out: %s", folder, "; ".join(told(left_out)))
    return replace(adapter, matrices=kept, left_out=tuple(left_out))


def _refuse_halves(folder: Path, factors: dict[str, dict[str, StoredTensor]]) -> None:
    """Refuse factors without their others, whatever kind of module they are on."""
    for module, stored in factors.items():
        pairs = [("lora_A", "lora_B"), ("lora_embedding_A", "lora_embedding_B")]
        wanted = next((pair for pair in pairs if set(pair) & set(stored)), pairs[0])
        missing = [kind for kind in wanted if kind not in stored]
        if missing:
            raise ModelError(
                f"{folder}: {module} has only {', '.join(sorted(stored))}: its "
                f"{' and '.join(missing)} is missing, so that the update is not known; fetch the "
                "adapter again, or save it again with peft's `save_pretrained`"
            )


def _check_shapes(adapter: LoraAdapter) -> tuple[tuple[Matrix, ...], list[LeftOut]]:
    """Check that what is stored fits the base; leave out what was trained on another vocabulary."""
    left_out: dict[str, LeftOut] = {}
    kept = []
    checked: set[str] = set()
    sizes = _sizes(adapter)
    for matrix in adapter.matrices:
        module = adapter.modules[matrix.name]
        if module not in checked:
            checked.add(module)
            fault = _fault(adapter, matrix, module, sizes[module])
            if fault is not None and matrix.layer is not None:
                raise ModelError(f"{adapter.folder}: {fault}; the adapter belongs to another base")
            if fault is not None:
                left_out[module] = LeftOut(module, "embeddings or heads", fault, sizes[module])
        if module not in left_out:
            kept.append(matrix)
    if not kept:
        others = "; ".join(told(adapter.left_out)) or "nothing"
        reason = next(
            (each.reason for each in left_out.values()), f"adapts no matrix, but {others}"
        )
        raise ModelError(
            f"{adapter.folder}: {reason}; there is nothing to analyse, or the adapter belongs to "
            "another base (or another vocabulary)"
        )
    return tuple(kept), list(left_out.values())


def _check_start(adapter: LoraAdapter) -> None:
    """Check that what the start took out of the base can be redone as peft does it."""
    start = start_of(adapter.config)
    for matrix in adapter.matrices:
        if not adapter.is_moved(matrix):
            continue
        if adapter.base.precision(matrix) == "dequantised":
            raise ModelError(
                f"{adapter.folder}: its start ({start}) took a part out of a base that was not "
                f"quantised, and {adapter.base.folder} is; give the base that it was trained on"
            )
        if adapter.modules[matrix.name] in adapter.stacks or not matrix.piece.is_whole:
            raise ModelError(
                f"{adapter.folder}: its start ({start}) took a part out of "
                f"{matrix.parameter.name}, which transformers puts together from several weights "
                "of the file; merge it with peft's `merge_and_unload()` in float32, save the model"
                " and give that"
            )


def _sizes(adapter: LoraAdapter) -> dict[str, tuple[int, int]]:
    """Return rows and columns, out × in, of each module's weight in memory (of one expert's)."""
    found: dict[str, tuple[int, int]] = {}
    slots: dict[str, int | None] = {}
    for matrix in adapter.matrices:
        module, piece = adapter.modules[matrix.name], matrix.piece
        slot = slots.setdefault(module, piece.slot)
        if slot != piece.slot:
            continue
        rows, columns = found.get(module, (0, 0))
        if piece.memory_columns is not None:
            found[module] = (matrix.shape[0], columns + matrix.shape[1])
        else:
            found[module] = (rows + matrix.shape[0], matrix.shape[1])
    return found


def _fault(adapter: LoraAdapter, matrix: Matrix, module: str, shape: tuple[int, int]) -> str | None:
    """Say what does not fit between a module's stored tensors and its weight of `shape`."""
    weight = f"the base weight is {shape[0]} × {shape[1]}"
    parameter = matrix.parameter
    if module not in adapter.factors:
        whole = adapter.wholes[module].shape
        stack = () if matrix.piece.slot is None else (adapter._experts(matrix),)
        if whole == stack + (shape[::-1] if parameter.is_flipped else shape):
            return None
        return f"{module} was trained whole and is {whole}, but {weight}"
    stored = adapter.factors[module]
    is_embedding = "lora_embedding_A" in stored or "lora_embedding_B" in stored
    names = ("lora_embedding_B", "lora_embedding_A") if is_embedding else ("lora_B", "lora_A")
    left, right = (stored[name].shape for name in names)
    expected = shape[::-1] if is_embedding else shape
    experts = 1
    if module in adapter.stacks:
        experts = adapter._experts(matrix)
        if parameter.peft_flips != parameter.is_flipped:
            expected = expected[::-1]
    if (
        len(left) != 2 or len(right) != 2 or (left[0], right[1]) != expected
        or left[1] != right[0] or left[1] % experts
    ):  # fmt: skip
        return f"{module} has factors of {left} and {right}, but {weight}"
    rank, said = left[1] // experts, rank_of(adapter.config, adapter.target(module))
    if rank != said:
        raise ModelError(
            f"{adapter.folder / ADAPTER_CONFIG}: says that {module} is of rank {said} (r, "
            f"rank_pattern), and its factors are of rank {rank}, so that its scale is not known; "
            "take configuration and weights of one adapter"
        )
    magnitude = stored.get("lora_magnitude_vector")
    if magnitude is not None and math.prod(magnitude.shape) != expected[0]:
        return (
            f"{module} has DoRA magnitudes of {magnitude.shape}, but the base weight has "
            f"{expected[0]} outputs"
        )
    if magnitude is not None and matrix.piece.memory_columns is not None:
        return f"{module} has DoRA magnitudes, but {weight} in several tensors side by side"
    return None


def open_tuned(folder: Path, base: Model) -> Tuned:
    """Open an adapter folder or a full checkpoint, whichever `folder` holds.

    Raises:
        ModelError: neither, or it does not fit `base`.
    """
    if (folder / "adapter_config.json").is_file():
        return open_adapter(folder, base)
    if (folder / "config.json").is_file():
        return open_checkpoint(folder, base)
    inside = sorted(path.parent.name for path in folder.glob(f"*/{ADAPTER_CONFIG}"))
    advice = f"; its folders {some_of(inside)} hold adapters: give one of them" if inside else ""
    raise ModelError(
        f"{folder}: neither a peft adapter (adapter_config.json) nor a model (config.json){advice}"
    )
