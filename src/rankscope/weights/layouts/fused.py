"""Weights that hold several matrices at once: which rows are whose.

Guarantees: the rows are those that the model's own forward pass reads, by model type and name;
a weight that is not known to be fused is one matrix. Tests compare them with transformers.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rankscope.weights.layouts.layout import CONV1D_TYPES, Parameter, Piece

Rows = slice | np.ndarray


def _thirds(rows: int, _: Mapping[str, Any]) -> dict[str, Rows]:
    third = rows // 3
    return {part: slice(i * third, (i + 1) * third) for i, part in enumerate("qkv")}


def _grouped_queries(rows: int, config: Mapping[str, Any]) -> dict[str, Rows]:
    heads = config["num_attention_heads"]
    shared = config.get("num_key_value_heads") or heads
    size = rows // (heads + 2 * shared)
    q, k = heads * size, (heads + shared) * size
    return {"q": slice(0, q), "k": slice(q, k), "v": slice(k, rows)}


def _interleaved(rows: int, config: Mapping[str, Any]) -> dict[str, Rows]:
    heads = config.get("num_attention_heads") or config["n_head"]
    order = np.arange(rows).reshape(heads, 3, -1)
    return {part: order[:, i].reshape(-1) for i, part in enumerate("qkv")}


def _halves(rows: int, _: Mapping[str, Any]) -> dict[str, Rows]:
    return {"gate": slice(0, rows // 2), "up": slice(rows // 2, rows)}


def _key_value(rows: int, _: Mapping[str, Any]) -> dict[str, Rows]:
    return {"k": slice(0, rows // 2), "v": slice(rows // 2, rows)}


# (model type, end of the module's name) -> rows of the out × in weight of each fused matrix;
# of several ends that fit, the first counts
_Split = Callable[[int, Mapping[str, Any]], dict[str, Rows]]
_FUSED: dict[tuple[str, str], _Split] = {
    **{(model, "crossattention.c_attn"): _key_value for model in CONV1D_TYPES},
    **{(model, "c_attn"): _thirds for model in CONV1D_TYPES},
    ("phi3", "qkv_proj"): _grouped_queries,
    ("phi3", "gate_up_proj"): _halves,
    ("gpt_neox", "query_key_value"): _interleaved,
    ("bloom", "query_key_value"): _interleaved,
}


def parts_of(piece: Piece, parameter: Parameter) -> dict[str, Rows]:
    """Return the rows of each matrix that a piece fuses."""
    if piece.is_whole and not parameter.is_stack:
        module = f".{parameter.module}"
        for (model_type, end), split in _FUSED.items():
            if parameter.model_type == model_type and module.endswith(f".{end}"):
                return split(piece.shape[0], parameter.config)
    return {"": slice(0, piece.shape[0])}
