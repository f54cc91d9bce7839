"""The weight matrices of a model: which there are, what they are called, how they are read.

Guarantees: every matrix arrives as out-features × in-features in the stored precision (at least
float32), whatever the checkpoint's layout: GPT-2's Conv1D is transposed, fused projections are
split into the matrices they hold. By default a model's matrices are the 2-D weights inside its
numbered layers; embeddings and output heads count only where an adapter targets them.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rankscope.errors import ModelError
from rankscope.spectra.quantised import (
    dequantise,
    is_quantised,
    refuse_other_schemes,
    stored_shape,
)
from rankscope.spectra.tensor_files import FLOATS, StoredTensor, list_tensors, read_config

_CONV1D_MODELS = ("gpt2", "openai-gpt", "imagegpt", "decision_transformer")
_CONV1D_MODULES = frozenset({"c_attn", "c_proj", "c_fc", "q_attn"})
_NOT_LINEAR = re.compile(r"norm|embed|relative_attention_bias|rotary")

Rows = slice | np.ndarray


@dataclass(frozen=True)
class Matrix:
    """One weight matrix: a whole tensor, or the rows `part` of a fused one.

    `tensor` is the checkpoint's name; `module` the same without `.weight`; `name` is unique.
    """

    name: str
    tensor: str
    part: str | None
    layer: int | None
    module_type: str
    shape: tuple[int, int]

    @property
    def module(self) -> str:
        """Name of the module that holds the weight, as adapters spell it."""
        return self.tensor.removesuffix(".weight")


def _thirds(rows: int, _: dict[str, Any]) -> dict[str, Rows]:
    third = rows // 3
    return {part: slice(i * third, (i + 1) * third) for i, part in enumerate("qkv")}


def _grouped_queries(rows: int, config: dict[str, Any]) -> dict[str, Rows]:
    heads = config["num_attention_heads"]
    shared = config.get("num_key_value_heads") or heads
    size = rows // (heads + 2 * shared)
    q, k = heads * size, (heads + shared) * size
    return {"q": slice(0, q), "k": slice(q, k), "v": slice(k, rows)}


def _interleaved(rows: int, config: dict[str, Any]) -> dict[str, Rows]:
    heads = config.get("num_attention_heads") or config["n_head"]
    order = np.arange(rows).reshape(heads, 3, -1)
    return {part: order[:, i].reshape(-1) for i, part in enumerate("qkv")}


def _halves(rows: int, _: dict[str, Any]) -> dict[str, Rows]:
    return {"gate": slice(0, rows // 2), "up": slice(rows // 2, rows)}


def _key_value(rows: int, _: dict[str, Any]) -> dict[str, Rows]:
    return {"k": slice(0, rows // 2), "v": slice(rows // 2, rows)}


# (model type, end of the module's name) -> rows of the out × in weight of each fused matrix;
# of several ends that fit, the first counts
_Split = Callable[[int, dict[str, Any]], dict[str, Rows]]
_FUSED: dict[tuple[str, str], _Split] = {
    **{(model, "crossattention.c_attn"): _key_value for model in _CONV1D_MODELS},
    **{(model, "c_attn"): _thirds for model in _CONV1D_MODELS},
    ("phi3", "qkv_proj"): _grouped_queries,
    ("phi3", "gate_up_proj"): _halves,
    ("gpt_neox", "query_key_value"): _interleaved,
    ("bloom", "query_key_value"): _interleaved,
}


def layer_of(name: str) -> int | None:
    """Return the first number among the dotted components: the layer, None outside layers."""
    return next((int(part) for part in name.split(".") if part.isdigit()), None)


def module_types(modules: Iterable[str]) -> dict[str, str]:
    """Give each module the shortest dotted suffix that tells its kind from every other kind.

    `model.layers.3.self_attn.q_proj` becomes `q_proj`; RoBERTa's two `output.dense` stay apart.
    """
    kinds = {
        module: tuple(part for part in module.split(".") if not part.isdigit())
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


@dataclass(frozen=True)
class Model:
    """A checkpoint in the Hugging Face layout: `config.json` and safetensors."""

    folder: Path
    config: dict[str, Any]
    tensors: dict[str, StoredTensor]

    @cached_property
    def matrices(self) -> tuple[Matrix, ...]:
        """The 2-D weights inside numbered layers, in the order of their layers."""
        names = sorted(
            (
                name
                for name, tensor in self.tensors.items()
                if name.endswith(".weight")
                and layer_of(name) is not None
                and not _NOT_LINEAR.search(name)
                and (
                    (tensor.dtype in FLOATS and len(tensor.shape) == 2)
                    or is_quantised(name, self.tensors)
                )
            ),
            key=lambda name: (layer_of(name) or 0, name),
        )
        return self.describe(names)

    def describe(self, tensors: Iterable[str]) -> tuple[Matrix, ...]:
        """Name the matrices held by the given tensors, fused ones split."""
        wanted = list(tensors)
        types = module_types(name.removesuffix(".weight") for name in wanted)
        described = []
        for tensor in wanted:
            module = tensor.removesuffix(".weight")
            rows, columns = self._oriented_shape(tensor)
            for part, indices in self._parts(tensor, rows).items():
                suffix = f"[{part}]" if part else ""
                described.append(
                    Matrix(
                        name=module + suffix,
                        tensor=tensor,
                        part=part or None,
                        layer=layer_of(tensor),
                        module_type=types[module] + suffix,
                        shape=(len(range(rows)[indices]) if isinstance(indices, slice)
                               else len(indices), columns),
                    )
                )  # fmt: skip
        return tuple(described)

    def read(self, matrix: Matrix) -> np.ndarray:
        """Read one matrix as out-features × in-features, dequantised where needed.

        Raises:
            ModelError: it holds NaN or infinity.
        """
        weight = self.select(matrix, self.read_whole(matrix.tensor))
        # NaN and infinity show in the extremes, which need no array of flags
        if weight.size and not np.isfinite([weight.min(), weight.max()]).all():
            raise ModelError(
                f"{self.tensors[matrix.tensor].path}: {matrix.name} holds NaN or infinity; fetch "
                "the file again, or give the model at a step before its training diverged"
            )
        return weight

    def read_ahead(self, matrix: Matrix) -> None:
        """Have the tensor of a matrix that will be read soon on its way from the disk."""
        self.tensors[matrix.tensor].read_ahead()

    def read_whole(self, tensor: str) -> np.ndarray:
        """Read a weight tensor as out-features × in-features, fused matrices together."""
        weight = (
            dequantise(tensor, self.tensors)
            if is_quantised(tensor, self.tensors)
            else self.tensors[tensor].read()
        )
        return weight.T if self.is_conv1d(tensor) else weight

    def select(self, matrix: Matrix, whole: np.ndarray) -> np.ndarray:
        """Take the rows of `matrix` out of the whole tensor (or the whole tensor's LoRA B)."""
        rows = self._parts(matrix.tensor, whole.shape[0])[matrix.part or ""]
        return np.ascontiguousarray(whole[rows])

    def place(self, matrix: Matrix, values: np.ndarray, whole_rows: int) -> np.ndarray:
        """Put the rows of `matrix` where they belong among the `whole_rows` of its tensor."""
        whole = np.zeros((whole_rows, values.shape[1]))
        whole[self._parts(matrix.tensor, whole_rows)[matrix.part or ""]] = values
        return whole

    def precision(self, matrix: Matrix) -> str:
        """Say how the weight is stored: `F32`, `BF16`, …, `dequantised`."""
        quantised = is_quantised(matrix.tensor, self.tensors)
        return "dequantised" if quantised else self.tensors[matrix.tensor].dtype

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
        fits = [
            name
            for name in self.tensors
            if name.endswith(f".{exact}")
            or (name.endswith(".weight") and exact.endswith(f".{name}"))
        ]
        if len(fits) > 1:
            raise ModelError(f"{self.folder}: {module!r} could be any of {', '.join(sorted(fits))}")
        if fits:
            return fits[0]
        if module.rsplit(".", 1)[-1] in {"lm_head", "decoder"} and self.config.get(
            "tie_word_embeddings", True
        ):
            return next((name for name in self.tensors if _is_token_embedding(name)), None)
        return None

    def is_tied(self, tensor: str) -> bool:
        """Say whether `tensor` serves both as token embedding and as output head."""
        is_either = _is_token_embedding(tensor) or tensor.endswith("lm_head.weight")
        has_head = any(name.endswith("lm_head.weight") for name in self.tensors)
        return is_either and bool(self.config.get("tie_word_embeddings", not has_head))

    def is_conv1d(self, tensor: str) -> bool:
        """Say whether `tensor` is stored as in-features × out-features."""
        module = tensor.removesuffix(".weight").rsplit(".", 1)[-1]
        return self.config.get("model_type") in _CONV1D_MODELS and module in _CONV1D_MODULES

    def _oriented_shape(self, tensor: str) -> tuple[int, int]:
        rows, columns = stored_shape(tensor, self.tensors)
        return (columns, rows) if self.is_conv1d(tensor) else (rows, columns)

    def _parts(self, tensor: str, rows: int) -> dict[str, Rows]:
        module = f".{tensor.removesuffix('.weight')}"
        for (model_type, end), split in _FUSED.items():
            if self.config.get("model_type") == model_type and module.endswith(f".{end}"):
                return split(rows, self.config)
        return {"": slice(0, rows)}


def _is_token_embedding(tensor: str) -> bool:
    return bool(re.search(r"(embed_tokens|word_embeddings|wte|embed_in)\.weight$", tensor))


def open_model(folder: Path) -> Model:
    """Open a checkpoint without reading its weights.

    Raises:
        ModelError: no such folder, no `config.json`, no safetensors, or damaged files.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such folder")
    config = folder / "config.json"
    if not config.is_file():
        raise ModelError(f"{folder}: no config.json; expected a model in the Hugging Face layout")
    tensors = list_tensors(folder, "model")
    refuse_other_schemes(tensors)
    return Model(folder, read_config(config), tensors)
