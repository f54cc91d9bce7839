"""Weights that a checkpoint stores quantised, brought back to floating point.

Guarantees: bitsandbytes' 4-bit (NF4, FP4, with or without double quantisation) and 8-bit weights
are dequantised to the values the model computes with, before its own cast to half precision. Other
schemes (GPTQ, AWQ, FP8) are refused by name. Nothing is re-quantised.
"""

import json
import math
from dataclasses import dataclass

import numpy as np

from rankscope.errors import ModelError
from rankscope.foreign import reading
from rankscope.weights.tensor_files import StoredTensor

_OTHER_SCHEMES = ("qweight", "weight_scale_inv", "weight_scale")


_SMALL_FLOATS = ("F8_", "F6_", "F4")


def _state_name(tensor: str, tensors: dict[str, StoredTensor]) -> str | None:
    """Return the name of the 4-bit quantisation state stored beside `tensor`."""
    prefix = f"{tensor}.quant_state.bitsandbytes__"
    return next((name for name in tensors if name.startswith(prefix)), None)


def _scale_name(tensor: str) -> str:
    return tensor.removesuffix("weight") + "SCB"


def is_quantised(tensor: str, tensors: dict[str, StoredTensor]) -> bool:
    """Say whether `tensor` is stored in 4 or 8 bits."""
    if tensors[tensor].dtype == "I8":
        return _scale_name(tensor) in tensors
    return _is_four_bit(tensor, tensors)


def _is_four_bit(tensor: str, tensors: dict[str, StoredTensor]) -> bool:
    # bytes of packed weights may lie in a tensor of any type (`bnb_4bit_quant_storage`)
    return f"{tensor}.absmax" in tensors


def is_quantisation_state(name: str, tensors: dict[str, StoredTensor]) -> bool:
    """Say whether a tensor only tells how another one was quantised."""
    weight = name.split(".weight.")[0] + ".weight"
    return (".weight." in name and weight in tensors) or name.endswith((".SCB", ".weight_format"))


def stored_shape(tensor: str, tensors: dict[str, StoredTensor]) -> tuple[int, ...]:
    """Return the dimensions of the weight itself, whatever its packing."""
    if _is_four_bit(tensor, tensors):
        return _four_bit_state(tensor, tensors).shape
    return tensors[tensor].shape


@dataclass(frozen=True)
class _FourBitState:
    """How 4-bit weights were made: the sizes of the weight, and of its blocks of one scale each."""

    shape: tuple[int, int]
    blocksize: int
    nested_blocksize: int | None
    nested_offset: float


def _four_bit_state(tensor: str, tensors: dict[str, StoredTensor]) -> _FourBitState:
    name = _state_name(tensor, tensors)
    path = tensors[tensor].path
    if name is None:
        raise ModelError(
            f"{path}: {tensor} is packed, but has no quantisation state; save the model again with"
            " bitsandbytes, or give the unquantised one"
        )
    text = tensors[name].read().tobytes()
    with reading(path, f"the quantisation state {name}", "fetch the file again", ModelError):
        said = json.loads(text.decode("utf-8"))
        shape = tuple(int(size) for size in said["shape"])
        nested = said.get("nested_blocksize")
        state = _FourBitState(
            (shape[0], shape[1]),
            int(said["blocksize"]),
            None if nested is None else int(nested),
            float(said.get("nested_offset", 0)),
        )
    count = math.prod(shape)
    sizes = {
        "the weights": (tensors[tensor].stop - tensors[tensor].start, math.ceil(count / 2)),
        "the scales": (
            _count(f"{tensor}.absmax", tensors), math.ceil(count / max(state.blocksize, 1))
        ),
        "the code": (_count(f"{tensor}.quant_map", tensors), 16),
    }  # fmt: skip
    is_consistent = len(shape) == 2 and min(*shape, state.blocksize) > 0
    for what, (found, expected) in sizes.items():
        if not is_consistent or found != expected:
            raise ModelError(
                f"{path}: damaged: {what} of {tensor} are not those of {shape} in blocks of "
                f"{state.blocksize}, as its quantisation state says; fetch the file again"
            )
    return state


def _count(name: str, tensors: dict[str, StoredTensor]) -> int:
    """Return how many numbers a tensor holds; -1 where there is none."""
    return math.prod(tensors[name].shape) if name in tensors else -1


def refuse_other_schemes(tensors: dict[str, StoredTensor]) -> None:
    """Raise for quantisation schemes whose weights cannot be brought back here.

    Raises:
        ModelError: the checkpoint holds GPTQ, AWQ or FP8 weights.
    """
    for name, tensor in tensors.items():
        is_small = tensor.dtype.startswith(_SMALL_FLOATS) and len(tensor.shape) > 1
        if is_small or name.rsplit(".", 1)[-1] in _OTHER_SCHEMES:
            kind = f"is stored as {tensor.dtype}:" if is_small else "belongs to"
            raise ModelError(
                f"{tensor.path}: {name} {kind} a quantisation that rankscope does not read (it "
                "reads bitsandbytes' 4-bit and 8-bit); give the unquantised model"
            )


def dequantise(tensor: str, tensors: dict[str, StoredTensor]) -> np.ndarray:
    """Return the weight as float32, in its stored orientation."""
    if tensors[tensor].dtype == "I8":
        # bitsandbytes' LLM.int8(): W[i, j] = q[i, j] · SCB[i] / 127
        weight = tensors[tensor].read().astype(np.float32)
        scale = tensors[_scale_name(tensor)].read().astype(np.float32).reshape(-1)
        if len(scale) != len(weight):
            raise ModelError(
                f"{tensors[tensor].path}: damaged: {tensor} has {len(weight)} rows and "
                f"{len(scale)} scales; fetch the file again"
            )
        return weight * (scale[:, None] / 127)
    state = _four_bit_state(tensor, tensors)
    codes = tensors[f"{tensor}.quant_map"].read().astype(np.float32).reshape(-1)
    packed = tensors[tensor].read_bytes()
    values = codes[np.stack([packed >> 4, packed & 15], axis=1).reshape(-1)]
    scales = _block_scales(tensor, tensors, state)
    count = math.prod(state.shape)
    per_value = np.repeat(scales, state.blocksize)[:count]
    return (values[:count] * per_value).reshape(state.shape)


def _block_scales(
    tensor: str, tensors: dict[str, StoredTensor], state: _FourBitState
) -> np.ndarray:
    """Return one float32 scale per block, undoing double quantisation."""
    absmax = tensors[f"{tensor}.absmax"].read().reshape(-1)
    if absmax.dtype != np.uint8:
        return absmax.astype(np.float32)
    size = state.nested_blocksize or 0
    expected = (math.ceil(absmax.size / size) if size > 0 else -1, 256)
    parts = tuple(f"{tensor}.{part}" for part in ("nested_absmax", "nested_quant_map"))
    if tuple(_count(part, tensors) for part in parts) != expected:
        raise ModelError(
            f"{tensors[tensor].path}: damaged: the scales of {tensor} are quantised too, and what "
            f"they were made with is not that of {absmax.size} scales; fetch the file again"
        )
    outer, codes = (tensors[part].read().astype(np.float32).reshape(-1) for part in parts)
    per_block = np.repeat(outer, size)[: absmax.size]
    return codes[absmax] * per_block + np.float32(state.nested_offset)
