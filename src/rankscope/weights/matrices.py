"""The weight matrices of a model: which there are, what they are called, how they are read.

Guarantees: every matrix arrives as out-features × in-features in the stored precision (at least
float32), whatever the checkpoint's layout: what its module holds as in × out is transposed, each
expert of a stack is a matrix, fused projections are split into the matrices they hold. By default a
model's matrices are the linear weights inside its numbered layers; embeddings and output heads
count only where an adapter targets them. Names are those of the files, less what wrappers of torch
put in.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rankscope.errors import ModelError
from rankscope.weights.layouts import library
from rankscope.weights.layouts.fused import Rows, parts_of
from rankscope.weights.layouts.layout import (
    Layout,
    Parameter,
    Piece,
    Ranges,
    is_number,
    is_plain,
    is_token_embedding,
    layer_of,
    plain_layout,
)
from rankscope.weights.quantised import dequantise, is_quantised, refuse_other_schemes
from rankscope.weights.tensor_files import StoredTensor, list_tensors, read_config

logger = logging.getLogger(__name__)

_PREFIXED = 16  # parts that a name may have before that of another model
# what peft's wrappers of modules are made of
_UNMERGED = re.compile(r"\.(?:base_layer|original_module|modules_to_save|lora_[AB])\.")


@dataclass(frozen=True)
class Matrix:
    """One weight matrix: a piece of a checkpoint, or the rows `part` of a fused one.

    `name` is unique in its model; `parameter` is the weight in memory that it belongs to.
    """

    name: str
    piece: Piece
    parameter: Parameter
    part: str | None
    layer: int | None
    module_type: str
    shape: tuple[int, int]

    @property
    def tensor(self) -> str:
        """The file's tensor that holds it."""
        return self.piece.tensor

    @property
    def module(self) -> str:
        """Name of the module that holds the weight, as the files spell it."""
        return self.tensor.removesuffix(".weight")

    @property
    def cache_key(self) -> str:
        """Its name, and how it was oriented: a square one shows in no other way."""
        return f"{self.name}.in-out" if self.piece.flipped else self.name


def module_types(modules: Iterable[str]) -> dict[str, str]:
    """Give each module the shortest dotted suffix that tells its kind from every other kind.

    `model.layers.3.self_attn.q_proj` becomes `q_proj`; RoBERTa's two `output.dense` stay apart.
    """
    kinds = {
        module: tuple(part for part in module.split(".") if not is_number(part))
        for module in modules
    }
    distinct = set(kinds.values())

    def shortest(kind: tuple[str, ...]) -> str:
        for length in range(1, len(kind)):
            if sum(other[-length:] == kind[-length:] for other in distinct) == 1:
                return ".".join(kind[-length:])
        return ".".join(kind)

    named = {kind: shortest(kind) for kind in distinct}
    return {module: named[kind] for module, kind in kinds.items()}


def _index(parts: Ranges | None) -> Rows:
    if parts is None:
        return slice(None)
    if len(parts) == 1 and parts[0].step == 1:
        return slice(parts[0].start, parts[0].stop)
    return np.concatenate([np.asarray(part) for part in parts])


@dataclass(frozen=True)
class Model:
    """A checkpoint in the Hugging Face layout: `config.json` and safetensors."""

    folder: Path
    config: dict[str, Any]
    tensors: dict[str, StoredTensor]
    layout: Layout = field(repr=False)

    @cached_property
    def matrices(self) -> tuple[Matrix, ...]:
        """The linear weights inside numbered layers, in the order of their layers."""
        pieces = [
            piece
            for piece in self.layout.pieces
            if self.layout.parameters[piece.parameter].is_matrix
            and layer_of(piece.tensor) is not None
        ]
        pieces.sort(key=lambda piece: (layer_of(piece.tensor) or 0, piece.tensor, _place(piece)))
        return self.describe(pieces)

    def describe(self, pieces: Iterable[Piece]) -> tuple[Matrix, ...]:
        """Name the matrices of the given pieces, fused ones split."""
        wanted = list(pieces)
        types = module_types(piece.tensor.removesuffix(".weight") for piece in wanted)
        described = []
        for piece in wanted:
            module = piece.tensor.removesuffix(".weight")
            own = f"[{_leaf(piece.parameter)}]" if self._is_part(piece) else ""
            expert = "" if piece.expert is None else f"[{piece.expert}]"
            parameter = self.layout.parameters[piece.parameter]
            for part, rows in parts_of(piece, parameter).items():
                suffix = f"[{part}]" if part else ""
                height = len(range(piece.shape[0])[rows]) if isinstance(rows, slice) else len(rows)
                described.append(
                    Matrix(
                        name=module + expert + own + suffix,
                        piece=piece,
                        parameter=parameter,
                        part=part or None,
                        layer=layer_of(piece.tensor),
                        module_type=types[module] + own + suffix,
                        shape=(height, piece.shape[1]),
                    )
                )
        return tuple(described)

    def read(self, matrix: Matrix) -> np.ndarray:
        """Read one matrix as out-features × in-features, dequantised where needed.

        Raises:
            ModelError: it holds NaN or infinity.
        """
        weight = self.read_any(matrix)
        # NaN and infinity show in the extremes, which need no array of flags
        if weight.size and not np.isfinite([weight.min(), weight.max()]).all():
            raise ModelError(
                f"{self.tensors[matrix.tensor].path}: {matrix.name} holds NaN or infinity; fetch "
                "the file again, or give the model at a step before its training diverged"
            )
        return weight

    def read_any(self, matrix: Matrix) -> np.ndarray:
        """Read one matrix as `read` does, NaN and infinity included."""
        piece = matrix.piece
        if is_quantised(piece.tensor, self.tensors):
            stored = dequantise(piece.tensor, self.tensors)
        elif piece.expert is not None:
            stored = self.tensors[piece.tensor].at(piece.expert).read()
        else:
            stored = self.tensors[piece.tensor].read()
        oriented = stored.T if piece.flipped else stored
        weight = oriented[_index(piece.rows)][:, _index(piece.columns)]
        return np.ascontiguousarray(weight[_rows(matrix)])

    def read_ahead(self, matrix: Matrix) -> None:
        """Have the tensor of a matrix that will be read soon on its way from the disk."""
        stored = self.tensors[matrix.tensor]
        (stored if matrix.piece.expert is None else stored.at(matrix.piece.expert)).read_ahead()

    def read_whole(self, tensor: str) -> np.ndarray:
        """Read a tensor as it is stored, dequantised where needed."""
        if is_quantised(tensor, self.tensors):
            return dequantise(tensor, self.tensors)
        return self.tensors[tensor].read()

    def add(self, matrix: Matrix, whole: np.ndarray, values: np.ndarray) -> None:
        """Add m × n values to a matrix, in place in its tensor `whole` as it is stored."""
        piece = matrix.piece
        stored = whole if piece.expert is None else whole[piece.expert]
        oriented = stored.T if piece.flipped else stored
        rows, columns = (
            np.arange(size)[_index(chosen)]
            for size, chosen in zip(oriented.shape, (piece.rows, piece.columns), strict=True)
        )
        oriented[np.ix_(rows[_rows(matrix)], columns)] += values

    def select(self, matrix: Matrix, left: np.ndarray) -> np.ndarray:
        """Take the rows of `matrix` out of those of its weight in memory, such as a LoRA B's."""
        rows = left[_index(matrix.piece.memory_rows)]
        return np.ascontiguousarray(rows[_rows(matrix)])

    def select_columns(self, matrix: Matrix, right: np.ndarray) -> np.ndarray:
        """Take the columns of `matrix` out of those of its weight in memory."""
        return right[:, _index(matrix.piece.memory_columns)]

    def place(self, matrix: Matrix, values: np.ndarray, whole_rows: int) -> np.ndarray:
        """Put the rows of `matrix` where they belong among those of its weight in memory."""
        whole = np.zeros((whole_rows, values.shape[1]))
        rows = np.arange(whole_rows)[_index(matrix.piece.memory_rows)]
        whole[rows[_rows(matrix)]] = values
        return whole

    def precision(self, matrix: Matrix) -> str:
        """Say how the weight is stored: `F32`, `BF16`, …, `dequantised`."""
        quantised = is_quantised(matrix.tensor, self.tensors)
        return "dequantised" if quantised else self.tensors[matrix.tensor].dtype

    def of_module(self, module: str) -> list[Piece] | None:
        """Return the pieces of the weight of `module`; None if there is no such module.

        An adapter may spell a module as in memory, as in the files, or with another prefix.

        Raises:
            ModelError: more than one tensor fits.
        """
        name = f"{module}.weight"
        held = self.layout.held(name)
        parameter = self.layout.parameters.get(name)
        if held or (parameter is not None and parameter.kind == "other"):
            return held
        tensor = self.find(module)
        if tensor is None:
            return None
        return [
            replace(piece, slot=None, memory_rows=piece.rows, memory_columns=piece.columns)
            for piece in self.layout.by_tensor.get(tensor, [])
        ]

    def find(self, module: str) -> str | None:
        """Return the name of the weight tensor of `module`, tolerant of a differing prefix.

        A model saved with and without its head spells `encoder.layer.0…` and
        `roberta.encoder.layer.0…`; a tied output head has no tensor of its own.

        Raises:
            ModelError: more than one tensor fits.
        """
        exact = f"{module}.weight"
        if exact in self.tensors:
            return exact
        fits = [name for name in self.alike(exact) if name.endswith(".weight")]
        if len(fits) > 1:
            raise ModelError(f"{self.folder}: {module!r} could be any of {', '.join(sorted(fits))}")
        if fits:
            return fits[0]
        if held := self.layout.held(exact):
            return held[0].tensor
        is_either = is_token_embedding(exact) or _is_head(module)
        if is_either and self.config.get("tie_word_embeddings", True):
            return next((name for name in self.tensors if is_token_embedding(name)), None)
        return None

    def alike(self, tensor: str) -> list[str]:
        """Return the tensors whose names end in this one, or in which this one ends."""
        shorter = (end for end in _ends(tensor) if end in self.tensors)
        return [*self._by_end.get(tensor, ()), *shorter]

    @cached_property
    def _by_end(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.tensors:
            for end in _ends(name):
                found.setdefault(end, []).append(name)
        return found

    def is_tied(self, tensor: str) -> bool:
        """Say whether `tensor` serves both as token embedding and as output head."""
        is_either = is_token_embedding(tensor) or tensor.endswith("lm_head.weight")
        has_head = any(name.endswith("lm_head.weight") for name in self.tensors)
        return is_either and bool(self.config.get("tie_word_embeddings", not has_head))

    def only(self, matrix: Matrix) -> "Model":
        """Return the checkpoint with nothing but what `matrix` needs, to be sent to a worker."""
        tensor = matrix.tensor
        names = [tensor]
        if is_quantised(tensor, self.tensors):
            stem = tensor.removesuffix("weight")
            names = [name for name in self.tensors if name.startswith(stem)]
        piece = matrix.piece
        held = self.layout.by_parameter[piece.parameter] if piece.slot is not None else [piece]
        return replace(
            self,
            tensors={name: self.tensors[name] for name in names},
            layout=Layout({piece.parameter: matrix.parameter}, tuple(held), {}, self.layout.model),
        )

    def held_by(self, adapter: Mapping[str, Any]) -> Iterator["Model"]:
        """Yield this checkpoint as the classes hold it that an adapter, or model, may be made for.

        `adapter` is the adapter's configuration; empty for a full checkpoint of `self.config`.
        """
        if not is_plain(self.config):
            yield from _in_memory(self, library.class_names(self.config, adapter))

    def _is_part(self, piece: Piece) -> bool:
        return any(
            chosen is not None and sum(map(len, chosen)) != size
            for chosen, size in zip((piece.rows, piece.columns), self._sizes(piece), strict=True)
        )

    def _sizes(self, piece: Piece) -> tuple[int, int]:
        rows, columns = self.tensors[piece.tensor].shape[-2:]
        return (columns, rows) if piece.flipped else (rows, columns)


def _ends(name: str) -> Iterator[str]:
    """Yield a dotted name without its first part, its first two parts, … (some of them at most)."""
    for _ in range(_PREFIXED):
        name = name.partition(".")[2]
        if not name:
            return
        yield name


def _rows(matrix: Matrix) -> Rows:
    return parts_of(matrix.piece, matrix.parameter)[matrix.part or ""]


def _place(piece: Piece) -> tuple[int, int]:
    first = (piece.memory_rows or piece.memory_columns or (range(1),))[0].start
    return (-1 if piece.expert is None else piece.expert, first)


def _leaf(parameter: str) -> str:
    return parameter.removesuffix(".weight").rsplit(".", 1)[-1]


def _is_head(module: str) -> bool:
    return module.rsplit(".", 1)[-1] in {"lm_head", "decoder"}


def open_model(folder: Path) -> Model:
    """Open a checkpoint without reading its weights.

    Raises:
        ModelError: no such folder, no `config.json`, no safetensors, or damaged files.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such folder")
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(f"{folder}: no config.json; expected a model in the Hugging Face layout")
    tensors = list_tensors(folder, "model")
    refuse_other_schemes(tensors)
    _refuse_unmerged(folder, tensors)
    config = read_config(path)
    plain = Model(folder, config, tensors, plain_layout(config, tensors))
    if is_plain(config):
        return plain
    return next(_in_memory(plain, library.class_names(config, {})), plain)


def _refuse_unmerged(folder: Path, tensors: Mapping[str, StoredTensor]) -> None:
    """Refuse a model with an adapter around its modules: its weights are not those that it has."""
    name = next((name for name in tensors if _UNMERGED.search(name)), None)
    if name is not None:
        raise ModelError(
            f"{folder}: was saved with an adapter that is not merged ({name}); save the adapter "
            "alone (peft's `save_pretrained`), or save what `merge_and_unload()` returns"
        )


def _in_memory(model: Model, names: list[str]) -> Iterator[Model]:
    """Yield a checkpoint as the named classes of transformers hold it, those that can be had."""
    kind = model.config.get("model_type")
    if not library.is_installed():
        logger.warning(
            "%s: transformers, which knows how a %s model is held in memory, is not installed; "
            "names and orientation of its weights are taken from the files alone",
            model.folder, kind,
        )  # fmt: skip
        return
    try:
        for layout in library.library_layouts(model.folder, model.tensors, names):
            yield replace(model, layout=layout)
    except ModelError as error:
        logger.warning(
            "%s; names and orientation of its weights are taken from the files alone", error
        )
