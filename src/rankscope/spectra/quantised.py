"""Weights that a checkpoint stores quantised, brought back to floating point.

Guarantees: bitsandbytes' 4-bit (NF4, FP4, with or without double quantisation) and 8-bit weights
are dequantised to the values the model computes with, before its own cast to half precision. Other
schemes (GPTQ, AWQ, FP8) are refused by name. Nothing is re-quantised.
"""

import json
from typing import Any

import numpy as np

from rankscope.errors import ModelError
from rankscope.spectra.tensor_files import FLOATS, StoredTensor

_OTHER_SCHEMES = ("qweight", "weight_scale_inv", "weight_scale")


def _state_name(tensor: str, tensors: dict[str, StoredTensor]) -> str | None:
    """Return the name of the 4-bit quantisation state stored beside `tensor`."""
    prefix = f"{tensor}.quant_state.bitsandbytes__"
    return next((name for name in tensors if name.startswith(prefix)), None)


def _scale_name(tensor: str) -> str:
    return tensor.removesuffix("weight") + "SCB"


def is_quantised(tensor: str, tensors: dict[str, StoredTensor]) -> bool:
    """Say whether `tensor` is stored in 4 or 8 bits."""
    if tensors[tensor].dtype in FLOATS:
        return False
    if tensors[tensor].dtype == "U8":
        return f"{tensor}.absmax" in tensors
    return tensors[tensor].dtype == "I8" and _scale_name(tensor) in tensors


def stored_shape(tensor: str, tensors: dict[str, StoredTensor]) -> tuple[int, int]:
    """Return the rows and columns of the weight itself, whatever its packing."""
    if tensors[tensor].dtype == "U8":
        shape = _four_bit_state(tensor, tensors)["shape"]
    else:
        shape = tensors[tensor].shape
    return int(shape[0]), int(shape[1])


def _four_bit_state(tensor: str, tensors: dict[str, StoredTensor]) -> dict[str, Any]:
    name = _state_name(tensor, tensors)
    if name is None:
        raise ModelError(
            f"{tensors[tensor].path}: {tensor} is packed, but has no quantisation state"
        )
    return json.loads(bytes(tensors[name].read()).decode("utf-8"))


def refuse_other_schemes(tensors: dict[str, StoredTensor]) -> None:
    """Raise for quantisation schemes whose weights cannot be brought back here.

    Raises:
        ModelError: the checkpoint holds GPTQ, AWQ or FP8 weights.
    """
    for name, tensor in tensors.items():
        if name.rsplit(".", 1)[-1] in _OTHER_SCHEMES:
            raise ModelError(
                f"{tensor.path}: {name} belongs to a quantisation that rankscope does not read "
                "(it reads bitsandbytes' 4-bit and 8-bit); give the unquantised model as --base"
            )


def dequantise(tensor: str, tensors: dict[str, StoredTensor]) -> np.ndarray:
    """Return the weight as float32, in its stored orientation."""
    if tensors[tensor].dtype == "I8":
        # bitsandbytes' LLM.int8(): W[i, j] = q[i, j] · SCB[i] / 127
        scale = tensors[_scale_name(tensor)].read().astype(np.float32)
        return tensors[tensor].read().astype(np.float32) * (scale[:, None] / 127)
    state = _four_bit_state(tensor, tensors)
    codes = tensors[f"{tensor}.quant_map"].read().astype(np.float32)
    packed = tensors[tensor].read().reshape(-1)
    values = codes[np.stack([packed >> 4, packed & 15], axis=1).reshape(-1)]
    scales = _block_scales(tensor, tensors, state)
    count = int(np.prod(state["shape"]))
    values = values[:count]
    per_value = np.repeat(scales, state["blocksize"])[:count]
    return (values * per_value).reshape(state["shape"])


def _block_scales(
    tensor: str, tensors: dict[str, StoredTensor], state: dict[str, Any]
) -> np.ndarray:
    """Return one float32 scale per block, undoing double quantisation."""
    absmax = tensors[f"{tensor}.absmax"].read()
    if absmax.dtype != np.uint8:
        return absmax.astype(np.float32)
    outer = tensors[f"{tensor}.nested_absmax"].read().astype(np.float32)
    codes = tensors[f"{tensor}.nested_quant_map"].read().astype(np.float32)
    per_block = np.repeat(outer, state["nested_blocksize"])[: absmax.size]
    return codes[absmax.reshape(-1)] * per_block + np.float32(state["nested_offset"])
