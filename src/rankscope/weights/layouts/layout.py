"""Where each weight matrix lies in a checkpoint's files, and which weight in memory it is.

A library may hold a checkpoint otherwise than its files: under other names, experts stacked into
one tensor, projections fused or split, linear weights as in × out. Files name the matrices here,
memory says how they are oriented and how an adapter's factors map onto them:

    file: experts.0.gate_proj.weight   (a whole tensor)  ->  a Piece  ->  experts.gate_up_proj[0],
    file: experts.0.up_proj.weight                                        its first or second half

Guarantees: every matrix of the files is in one piece; a piece is out-features × in-features. For
the families in `PLAIN_TYPES` files and memory agree, which tests compare with the library; for
others `library_layouts` asks transformers. Where that is not installed, names and shapes have to
do, and what they cannot tell is left out by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from rankscope.weights.quantised import is_quantised, stored_shape
from rankscope.weights.tensor_files import FLOATS, StoredTensor

Kind = Literal["linear", "conv1d", "stack", "transposed stack", "embedding", "other"]
Ranges = tuple[range, ...]

CONV1D_TYPES = ("gpt2", "openai-gpt", "imagegpt", "decision_transformer")
# types whose files name, shape and orient every matrix as transformers does in memory
PLAIN_TYPES = frozenset({
    "llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi", "phi3", "olmo",
    "olmo2", "stablelm", "starcoder2", "gpt_neox", "gpt_neo", "gptj", "opt", "bloom", "falcon",
    "bert", "roberta", "distilbert", "electra", *CONV1D_TYPES,
})  # fmt: skip
_CONV1D_MODULES = frozenset({"c_attn", "c_proj", "c_fc", "q_attn"})
_IN_BY_OUT_EXPERTS = ("gpt_oss", "llama4", "llama4_text", "aria", "aria_text")
_PEFT_FLIPS = ("gpt_oss", "aria", "aria_text")
_NOT_LINEAR = re.compile(r"norm|embed|relative_attention_bias|rotary", re.IGNORECASE)
_STACKED = re.compile(r"expert|moe", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,9}")
_TOKENS = re.compile(r"(^|\.)(embed_tokens|word_embeddings|wte|embed_in|shared)\.weight$")


@dataclass(frozen=True)
class Parameter:
    """A weight in memory.

    Attributes:
        name: as the library's `named_parameters` spells it.
        kind: what its module does with it; a `stack` is experts × out × in.
        model_type, config: of the (sub)model that it belongs to.
        peft_flips: whether peft takes a stack for experts × in × out.
    """

    name: str
    kind: Kind
    model_type: str = ""
    config: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False, compare=False)
    peft_flips: bool = False

    @property
    def module(self) -> str:
        """Name of the module that holds it."""
        return self.name.rpartition(".")[0]

    @property
    def is_stack(self) -> bool:
        """Whether it holds one matrix per expert."""
        return self.kind in ("stack", "transposed stack")

    @property
    def is_matrix(self) -> bool:
        """Whether it holds linear maps, as opposed to embeddings, norms, kernels, biases."""
        return self.is_stack or self.kind in ("linear", "conv1d")

    @property
    def is_flipped(self) -> bool:
        """Whether a matrix lies in memory as in-features × out-features."""
        return self.kind in ("conv1d", "transposed stack")


@dataclass(frozen=True)
class Piece:
    """One out × in matrix: where it lies in the files, and where in memory.

    Attributes:
        tensor, expert: the file's tensor, and the index along the first of three dimensions.
        flipped: whether the file holds in × out.
        rows, columns: of the file's out × in matrix; None: all.
        parameter, slot: the weight in memory, and the expert there.
        memory_rows, memory_columns: of the out × in matrix in memory, in the order of `rows`.
        shape: of the piece.
    """

    tensor: str
    parameter: str
    shape: tuple[int, int]
    expert: int | None = None
    slot: int | None = None
    flipped: bool = False
    rows: Ranges | None = None
    columns: Ranges | None = None
    memory_rows: Ranges | None = None
    memory_columns: Ranges | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the file's matrix and all of the one in memory."""
        return all(
            part is None
            for part in (self.rows, self.columns, self.memory_rows, self.memory_columns)
        )


@dataclass(frozen=True)
class Layout:
    """How a checkpoint's files become weights in memory.

    Attributes:
        parameters: by name.
        pieces: in no particular order.
        ties: name of a weight without a tensor of its own -> name of the one that it shares.
        model: what it was taken from, for messages.
    """

    parameters: Mapping[str, Parameter]
    pieces: tuple[Piece, ...]
    ties: Mapping[str, str]
    model: str

    @cached_property
    def by_tensor(self) -> dict[str, list[Piece]]:
        """The pieces of each tensor."""
        grouped: dict[str, list[Piece]] = {}
        for piece in self.pieces:
            grouped.setdefault(piece.tensor, []).append(piece)
        return grouped

    @cached_property
    def by_parameter(self) -> dict[str, list[Piece]]:
        """The pieces of each weight in memory."""
        grouped: dict[str, list[Piece]] = {}
        for piece in self.pieces:
            grouped.setdefault(piece.parameter, []).append(piece)
        return grouped

    @cached_property
    def stacks(self) -> dict[str, list[Parameter]]:
        """The stacks that each module holds, in the order in which it registered them."""
        grouped: dict[str, list[Parameter]] = {}
        for parameter in self.parameters.values():
            if parameter.is_stack:
                grouped.setdefault(parameter.module, []).append(parameter)
        return grouped

    def held(self, parameter: str) -> list[Piece]:
        """Return the pieces of a weight in memory, or of the one that it is tied to."""
        own = self.by_parameter.get(parameter)
        if own:
            return own
        shared = {self.ties.get(parameter)} | {
            target for target, source in self.ties.items() if source == parameter
        } | {
            target
            for target, source in self.ties.items()
            if parameter in self.ties and source == self.ties[parameter]
        }  # fmt: skip
        found = (self.by_parameter[name] for name in shared if name in self.by_parameter)
        return next(found, [])


def is_token_embedding(tensor: str) -> bool:
    """Say by its name whether a tensor holds one row per token of the vocabulary."""
    return bool(_TOKENS.search(tensor))


def is_linear(tensor: str) -> bool:
    """Say by its name whether a matrix of a layer is linear: no embedding, norm or position."""
    return not (is_token_embedding(tensor) or _NOT_LINEAR.search(tensor))


def is_plain(config: Mapping[str, Any]) -> bool:
    """Say whether files and memory agree for every model of this configuration's type."""
    model_type = config.get("model_type")
    return model_type is None or model_type in PLAIN_TYPES


def plain_layout(config: Mapping[str, Any], tensors: dict[str, StoredTensor]) -> Layout:
    """Take names, kinds and orientation from the files alone."""
    parameters: dict[str, Parameter] = {}
    pieces: list[Piece] = []
    for name in tensors:
        owner = owner_config(config, name)
        model_type = str(owner.get("model_type", ""))
        kind = _plain_kind(name, tensors, model_type)
        flips = model_type in _PEFT_FLIPS
        parameter = Parameter(name, kind, model_type, owner, flips)
        parameters[name] = parameter
        pieces.extend(whole_pieces(parameter, name, tensors))
    return Layout(parameters, tuple(pieces), {}, "the names in its files")


def whole_pieces(
    parameter: Parameter, tensor: str, tensors: dict[str, StoredTensor]
) -> list[Piece]:
    """Return the pieces of a tensor that is held in memory as it is stored."""
    if parameter.kind == "other":
        return []
    shape = stored_shape(tensor, tensors)
    # what bitsandbytes quantises it turns to out × in before
    is_flipped = parameter.is_flipped and not is_quantised(tensor, tensors)
    last = (shape[-1], shape[-2]) if is_flipped else (shape[-2], shape[-1])
    if not parameter.is_stack:
        return [Piece(tensor, parameter.name, last, flipped=is_flipped)]
    return [
        Piece(tensor, parameter.name, last, index, index, is_flipped) for index in range(shape[0])
    ]


def holds_matrices(tensor: str, tensors: dict[str, StoredTensor]) -> bool:
    """Say whether a tensor is one of numbers that can be read, with two or three dimensions."""
    stored = tensors[tensor]
    return (stored.dtype in FLOATS and len(stored.shape) in (2, 3)) or is_quantised(tensor, tensors)


def _plain_kind(name: str, tensors: dict[str, StoredTensor], model_type: str) -> Kind:
    if not holds_matrices(name, tensors):
        return "other"
    if len(stored_shape(name, tensors)) == 3:
        if layer_of(name) is None or not _STACKED.search(name) or "bias" in name:
            return "other"
        return "transposed stack" if model_type in _IN_BY_OUT_EXPERTS else "stack"
    if not name.endswith(".weight"):
        return "other"
    if not is_linear(name):
        return "embedding"
    module = name.removesuffix(".weight").rsplit(".", 1)[-1]
    return "conv1d" if model_type in CONV1D_TYPES and module in _CONV1D_MODULES else "linear"


def owner_config(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the part of a nested configuration that describes the submodel of a tensor.

    Parts are called `decoder`, `text_config`, …, and tensors begin with, or contain, that word.
    """
    for key, part in config.items():
        if not isinstance(part, dict) or "model_type" not in part:
            continue
        word = key.removesuffix("_config")
        words = {"text": ("language_model", "text_model"), "vision": ("vision", "visual")}
        if any(each in name for each in (f"{word}.", *words.get(word, ()))):
            return owner_config(part, name)
    return config


def layer_of(name: str) -> int | None:
    """Return the first number among the dotted components: the layer, None outside layers."""
    return next((int(part) for part in name.split(".") if is_number(part)), None)


def is_number(part: str) -> bool:
    """Say whether a component of a name is the number of a layer, or of an expert."""
    return bool(_NUMBER.fullmatch(part))
