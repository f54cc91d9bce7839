"""A full fine-tuned checkpoint against its base: which weights correspond, and how they differ.

Guarantees: layers are compared only where both models have the same ones: other numbers of layers,
or a layer's matrix of another shape, are refused, since names alone would pair a layer with its
neighbour. Weights that only one of them has, and whatever is no matrix of a layer, are named.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from rankscope.errors import ModelError
from rankscope.weights.layouts.layout import is_number, layer_of
from rankscope.weights.matrices import Matrix, Model, open_model
from rankscope.weights.quantised import is_quantised
from rankscope.weights.tensor_files import FLOATS
from rankscope.weights.updates import Dense, LeftOut, kind_of

_LAYER_COUNTS = ("num_hidden_layers", "n_layer", "num_layers", "encoder_layers", "decoder_layers",
                 "num_decoder_layers", "n_layers")  # fmt: skip
_SIZES = ("hidden_size", "n_embd", "d_model", "num_attention_heads", "n_head", "num_heads")


@dataclass(frozen=True)
class FullCheckpoint:
    """A full fine-tuned checkpoint: ΔW is the difference to the base, formed in float64.

    `own` gives the checkpoint's matrix for each name of a matrix of the base.
    """

    model: Model
    base: Model
    matrices: tuple[Matrix, ...]
    left_out: tuple[LeftOut, ...]
    own: Mapping[str, Matrix] = field(repr=False)

    def update(self, matrix: Matrix, weight: np.ndarray) -> Dense:
        """Return the difference between the tuned and the base weight."""
        return Dense(self.tuned(matrix).astype(np.float64) - weight)

    def tuned(self, matrix: Matrix) -> np.ndarray:
        """Read the tuned weight, m × n."""
        # a version may have diverged, which is for the caller to judge; `Model.read` refuses it
        return self.model.read_any(self.own[matrix.name])

    def precision(self, matrix: Matrix) -> str:
        """Say in which precision the tuned weight is stored."""
        return self.model.precision(self.own[matrix.name])

    def only(self, matrix: Matrix) -> "FullCheckpoint":
        """Return it with nothing but what `matrix` needs."""
        own = self.own[matrix.name]
        return replace(
            self,
            model=self.model.only(own),
            base=self.base.only(matrix),
            matrices=(matrix,),
            left_out=(),
            own={matrix.name: own},
        )


def open_checkpoint(folder: Path, base: Model) -> FullCheckpoint:
    """Open a full checkpoint and find the matrices that it has in common with `base`.

    Raises:
        ModelError: other numbers of layers, a matrix of another shape, or nothing in common.
    """
    model = open_model(folder)
    if not base.matrices:
        raise ModelError(f"{base.folder}: has no 2-D weights inside numbered layers to compare")
    _check_configurations(model, base)
    pairs, missing = _pairs(model, base)
    if not pairs:
        raise ModelError(
            f"{folder}: has no {base.matrices[0].module!r}, which the base {base.folder} has, and "
            f"none of its other matrices; it has {len(model.matrices)} of its own, "
            f"{next((matrix.name for matrix in model.matrices), 'none')!r} first"
        )
    _check_layers(model, base, pairs)
    for matrix, own in pairs:
        if own.shape != matrix.shape:
            raise ModelError(
                f"{folder}: {own.name} is {own.shape[0]} × {own.shape[1]}, in the base "
                f"{base.folder} {matrix.shape[0]} × {matrix.shape[1]}: another base"
            )
    own_by_name = {matrix.name: own for matrix, own in pairs}
    left_out = [*_not_analysed(model, base, own_by_name), *_missing(missing, base)]
    return FullCheckpoint(
        model, base, tuple(matrix for matrix, _ in pairs), tuple(left_out), own_by_name
    )


def _pairs(model: Model, base: Model) -> tuple[list[tuple[Matrix, Matrix]], list[Matrix]]:
    """Pair the base's matrices with the checkpoint's; return those it lacks as well.

    They correspond by their weight in memory, or by their name in the files.
    """
    by_place = {_in_memory(matrix): matrix for matrix in model.matrices}
    by_name = {matrix.name: matrix for matrix in model.matrices}
    candidates = base.held_by(model.config) if model.layout.model != base.layout.model else ()
    placed = {
        matrix.name: by_place[_in_memory(matrix)]
        for candidate in (base, *candidates)
        for matrix in candidate.matrices
        if _in_memory(matrix) in by_place
    }
    pairs, missing = [], []
    for matrix in base.matrices:
        own = placed.get(matrix.name) or by_name.get(matrix.name) or _tolerant(model, matrix)
        if own is None:
            missing.append(matrix)
        else:
            pairs.append((matrix, own))
    return pairs, missing


def _in_memory(matrix: Matrix) -> tuple[object, ...]:
    piece = matrix.piece
    place = (piece.memory_rows, piece.memory_columns)
    return (piece.parameter, piece.slot, *place, matrix.part)


def _tolerant(model: Model, matrix: Matrix) -> Matrix | None:
    """Find a matrix under another prefix: a model saved with a head has a base without one."""
    tensor = model.find(matrix.module)
    pieces = model.layout.by_tensor.get(tensor or "", [])
    found = model.describe(piece for piece in pieces if piece.expert == matrix.piece.expert)
    return next((own for own in found if own.part == matrix.part), None)


def _check_configurations(model: Model, base: Model) -> None:
    """Compare the numbers of layers that two configurations state, part by part."""
    theirs = _stated(base.config, _LAYER_COUNTS)
    for place, count in _stated(model.config, _LAYER_COUNTS).items():
        if theirs.get(place, count) != count:
            raise ModelError(
                f"{model.folder}: has {count} layers ({place}), the base {base.folder} "
                f"{theirs[place]}: which of them correspond cannot be told by their numbers; "
                "compare it with a base that has the same layers"
            )
    sizes = _stated(base.config, _SIZES)
    for place, size in _stated(model.config, _SIZES).items():
        if sizes.get(place, size) != size:
            raise ModelError(
                f"{model.folder}: {place} is {size}, in the base {base.folder} {sizes[place]}: "
                "another base"
            )


def _stated(config: Mapping[str, Any], keys: tuple[str, ...], prefix: str = "") -> dict[str, int]:
    found = {
        f"{prefix}{key}": value
        for key in keys
        if isinstance(value := config.get(key), int) and not isinstance(value, bool)
    }
    for name, part in config.items():
        if isinstance(part, dict):
            found |= _stated(part, keys, f"{prefix}{name}.")
    return found


def _check_layers(model: Model, base: Model, pairs: list[tuple[Matrix, Matrix]]) -> None:
    """Compare the layers that both have in each of their towers, whatever the configurations say.

    A layer that only one of them has, behind the others, may be one that the library does not load
    (multi-token prediction); in any other place the numbers do not correspond.
    """
    theirs, own = _towers(base), _towers(model)
    shared = {(_tower(matrix.tensor), _tower(mine.tensor)) for matrix, mine in pairs}
    for of_base, of_model in shared:
        counts = theirs[of_base], own[of_model]
        if counts[0] != counts[1] and not _is_stated(model, base, counts):
            raise ModelError(
                f"{model.folder}: has {len(counts[1])} layers {of_model}, the base {base.folder} "
                f"{len(counts[0])}: which of them correspond cannot be told by their numbers; "
                "compare it with a base that has the same layers"
            )


def _is_stated(model: Model, base: Model, layers: tuple[set[int], set[int]]) -> bool:
    """Say whether both configurations state the number of layers that both have."""
    both = len(layers[0] & layers[1])
    is_prefix = layers[0] & layers[1] == set(range(both))
    return is_prefix and all(
        both in _stated(each.config, _LAYER_COUNTS).values() for each in (model, base)
    )


def _towers(model: Model) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for matrix in model.matrices:
        found[_tower(matrix.tensor)].add(layer_of(matrix.tensor) or 0)
    return found


def _tower(tensor: str) -> str:
    """What stands before the number of the layer."""
    parts = tensor.split(".")
    first = next((i for i, part in enumerate(parts) if is_number(part)), len(parts))
    return ".".join(parts[:first])


def _missing(missing: list[Matrix], base: Model) -> list[LeftOut]:
    return [
        LeftOut(matrix.name, "matrices", f"only in the base {base.folder.name}", matrix.shape)
        for matrix in missing
    ]


def _not_analysed(model: Model, base: Model, paired: Mapping[str, Matrix]) -> list[LeftOut]:
    """List the checkpoint's tensors that are in no matrix, compared with the base's."""
    analysed = {own.tensor for own in paired.values()}
    found = []
    for name, stored in model.tensors.items():
        if name in analysed or _is_quantisation_state(name, model):
            continue
        kind, reason = kind_of(name, stored.shape), "no matrix of a layer"
        if any(piece.tensor == name for piece in model.layout.by_tensor.get(name, [])) and (
            layer_of(name) is not None and kind == "other weights"
        ):
            reason = "not in the base"
        counterpart = _counterpart(name, base)
        changed = None
        if counterpart is not None and base.tensors[counterpart].shape != stored.shape:
            reason = (
                f"{' × '.join(map(str, stored.shape))}, in the base "
                f"{' × '.join(map(str, base.tensors[counterpart].shape))}"
            )
        elif counterpart is not None:
            changed = _differs(model, name, base, counterpart)
        else:
            reason = "not in the base"
        found.append(LeftOut(name, kind, reason, stored.shape, changed))
    return found


def _is_quantisation_state(name: str, model: Model) -> bool:
    weight = name.split(".weight.")[0] + ".weight"
    return (".weight." in name and weight in model.tensors) or name.endswith(".SCB")


def _counterpart(name: str, base: Model) -> str | None:
    if name in base.tensors:
        return name
    fits = base.alike(name)
    return fits[0] if len(fits) == 1 else None


def _differs(model: Model, name: str, base: Model, counterpart: str) -> bool | None:
    readable = all(
        each.tensors[tensor].dtype in FLOATS and not is_quantised(tensor, each.tensors)
        for each, tensor in ((model, name), (base, counterpart))
    )
    if not readable:
        return None
    own, theirs = model.tensors[name].read(), base.tensors[counterpart].read()
    return not np.array_equal(own, theirs)
