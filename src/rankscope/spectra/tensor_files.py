"""Reading safetensors one tensor at a time.

Guarantees: only the bytes of the asked tensor are read, by plain reads rather than a memory map,
so that resident memory is bounded by one tensor; bfloat16 and float16 arrive as float32, unchanged
in value; a truncated or foreign file is refused before anything is read from it. Needs no torch.
"""

import json
import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rankscope.errors import ModelError

# safetensors name -> numpy type as stored; BF16 is the upper half of a float32
_STORED = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4",
    "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?",
}  # fmt: skip
FLOATS = frozenset({"F64", "F32", "F16", "BF16"})


@dataclass(frozen=True)
class StoredTensor:
    """Where one tensor lies: `start` and `stop` are byte positions in the file."""

    path: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int

    def read(self) -> np.ndarray:
        """Read the tensor; half precisions are widened to float32."""
        if self.dtype not in _STORED:
            raise ModelError(
                f"{self.path}: tensors of type {self.dtype} cannot be read; "
                f"known types: {', '.join(_STORED)}"
            )
        stored = np.dtype(_STORED[self.dtype])
        with self.path.open("rb") as file:
            count = (self.stop - self.start) // stored.itemsize
            values = np.fromfile(file, dtype=stored, count=count, offset=self.start)
        if self.dtype == "BF16":
            values = (values.astype(np.uint32) << 16).view(np.float32)
        elif self.dtype == "F16":
            values = values.astype(np.float32)
        return values.reshape(self.shape)

    def read_ahead(self) -> None:
        """Ask the system, where it can be asked, to have the tensor in its cache soon."""
        if hasattr(os, "posix_fadvise"):
            with self.path.open("rb") as file:
                count = self.stop - self.start
                os.posix_fadvise(file.fileno(), self.start, count, os.POSIX_FADV_WILLNEED)


def read_config(path: Path) -> dict[str, Any]:
    """Read a JSON object such as `config.json`.

    Raises:
        ModelError: not JSON, or not an object.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ModelError(f"{path}: not JSON ({error}); fetch it again") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path}: expected a JSON object; fetch it again")
    return content


def read_header(path: Path) -> dict[str, StoredTensor]:
    """List the tensors of one safetensors file.

    Raises:
        ModelError: the file is truncated, or not a safetensors file.
    """
    size = path.stat().st_size
    foreign = f"{path}: not a safetensors file (or damaged)"
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else size
        if length > size - 8:
            raise ModelError(f"{foreign}: its header would be longer than the file; fetch it again")
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise ModelError(f"{foreign}: its header is not JSON; fetch it again") from error
    if not isinstance(header, dict):
        raise ModelError(f"{foreign}: its header is not a JSON object; fetch it again")
    data = 8 + length
    tensors = {
        name: _stored_tensor(path, name, entry, data)
        for name, entry in header.items()
        if name != "__metadata__"
    }
    needed = max((tensor.stop for tensor in tensors.values()), default=data)
    if needed > size:
        raise ModelError(
            f"{path}: truncated: {size:,} bytes on disk, {needed:,} needed; fetch it again"
        )
    return tensors


def _stored_tensor(path: Path, name: str, entry: Any, data: int) -> StoredTensor:
    """Read one entry of a header; `data` is where the data of the file begins."""
    try:
        dtype, shape = str(entry["dtype"]), tuple(int(size) for size in entry["shape"])
        start, stop = (int(offset) for offset in entry["data_offsets"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path}: not a safetensors file (or damaged): its header does not say type, shape and "
            f"place of {name!r}; fetch it again"
        ) from error
    size = np.dtype(_STORED[dtype]).itemsize if dtype in _STORED else None
    is_placed = 0 <= start <= stop and min(shape, default=0) >= 0
    if not is_placed or (size is not None and math.prod(shape) * size != stop - start):
        raise ModelError(
            f"{path}: damaged: {name!r} of type {dtype} and shape {shape} cannot lie at bytes "
            f"{start:,} to {stop:,}; fetch it again"
        )
    return StoredTensor(path, dtype, shape, data + start, data + stop)


def list_tensors(folder: Path, stem: str) -> dict[str, StoredTensor]:
    """List the tensors of `<stem>.safetensors` or of the shards in `<stem>.safetensors.index.json`.

    Raises:
        ModelError: neither exists, a shard is missing, or a file is damaged.
    """
    single, index = folder / f"{stem}.safetensors", folder / f"{stem}.safetensors.index.json"
    if single.is_file():
        return read_header(single)
    if index.is_file():
        shards = sorted(set(read_config(index).get("weight_map", {}).values()))
        missing = [shard for shard in shards if not (folder / shard).is_file()]
        if missing:
            raise ModelError(f"{folder}: shards named in {index.name} are missing: {missing}")
        return {
            name: tensor for shard in shards for name, tensor in read_header(folder / shard).items()
        }
    pickled = sorted(path.name for path in folder.glob("*.bin")) if folder.is_dir() else []
    if pickled:
        raise ModelError(
            f"{folder}: only pickled weights ({', '.join(pickled)}), which can run code when "
            "opened; convert them with `save_pretrained(..., safe_serialization=True)` first"
        )
    raise ModelError(f"{folder}: no {single.name} and no {index.name}")
