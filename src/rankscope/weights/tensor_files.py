"""Reading safetensors one tensor at a time.

Guarantees: only the bytes of the asked tensor are read, by plain reads rather than a memory map,
so that resident memory is bounded by one tensor; bfloat16 and float16 arrive as float32, unchanged
in value; a file that is truncated, foreign, or not what its header says is refused before anything
is read from it, and a pickle is never opened. Needs no torch.
"""

import json
import math
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from rankscope.errors import ModelError
from rankscope.foreign import check_regular, read_json_object, reading

# safetensors name -> numpy type as stored; BF16 is the upper half of a float32
_STORED = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4",
    "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?",
}  # fmt: skip
FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
_LONGEST_HEADER = 100_000_000  # bytes: what the format allows
# of torch.compile, FSDP and activation checkpointing
_WRAPPERS = re.compile(
    r"(?:(?<=\.)|^)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."
)
_FETCH = "fetch the file again"


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
        values = self.read_bytes().view(np.dtype(_STORED[self.dtype]))
        if self.dtype == "BF16":
            values = (values.astype(np.uint32) << 16).view(np.float32)
        elif self.dtype == "F16":
            values = values.astype(np.float32)
        return values.reshape(self.shape)

    def read_bytes(self) -> np.ndarray:
        """Read the bytes of the tensor as they are stored."""
        count = self.stop - self.start
        with reading(self.path, "this file", _FETCH, ModelError), self.path.open("rb") as file:
            values = np.fromfile(file, dtype=np.uint8, count=count, offset=self.start)
        if len(values) != count:
            raise ModelError(f"{self.path}: became shorter while it was read; {_FETCH}")
        return values

    def at(self, index: int) -> "StoredTensor":
        """Return one of the tensors along the first dimension, such as one expert's matrix."""
        size = (self.stop - self.start) // self.shape[0]
        start = self.start + index * size
        return StoredTensor(self.path, self.dtype, self.shape[1:], start, start + size)

    def read_ahead(self) -> None:
        """Ask the system, where it can be asked, to have the tensor in its cache soon."""
        if hasattr(os, "posix_fadvise"):
            with self.path.open("rb") as file:
                count = self.stop - self.start
                os.posix_fadvise(file.fileno(), self.start, count, os.POSIX_FADV_WILLNEED)


def read_config(path: Path) -> dict[str, Any]:
    """Read a JSON object such as `config.json`.

    Raises:
        ModelError: missing, not JSON, or not an object.
    """
    return read_json_object(path, ModelError)


def read_header(path: Path) -> dict[str, StoredTensor]:
    """List the tensors of one safetensors file.

    Raises:
        ModelError: the file is truncated, or not a safetensors file.
    """
    size = check_regular(path, ModelError)
    foreign = f"{path}: not a safetensors file (or damaged)"
    with reading(path, "this file", _FETCH, ModelError), path.open("rb") as file:
        head = file.read(8)
        length = int.from_bytes(head, "little") if len(head) == 8 else size
        text = file.read(length) if length <= min(size - 8, _LONGEST_HEADER) else None
    if text is None:
        raise ModelError(f"{foreign}: its header would be longer than the file; {_FETCH}")
    with reading(path, "the header of this safetensors file", _FETCH, ModelError):
        header = json.loads(text, object_pairs_hook=_Pairs)
    if not isinstance(header, _Pairs):
        raise ModelError(f"{foreign}: its header is not a JSON object; {_FETCH}")
    data = 8 + len(text)
    tensors: dict[str, StoredTensor] = {}
    for name, entry in header:
        if name in tensors:
            raise ModelError(f"{path}: damaged: its header names {name!r} twice; {_FETCH}")
        if name != "__metadata__":
            tensors[name] = _stored_tensor(path, name, entry, data)
    _check_places(path, tensors.values(), data, size)
    return tensors


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its keys and values, so that none that stands twice is lost."""


def _check_places(path: Path, tensors: Iterable[StoredTensor], data: int, size: int) -> None:
    """Check that tensors lie one behind the other and fill the file, as the format wants it."""
    end = data
    for tensor in sorted(tensors, key=lambda tensor: (tensor.start, tensor.stop)):
        if tensor.start != end:
            raise ModelError(
                f"{path}: damaged: by its header two tensors share bytes, or some are nobody's, at "
                f"{min(tensor.start, end):,}; {_FETCH}"
            )
        end = tensor.stop
    if end > size:
        raise ModelError(f"{path}: truncated: {size:,} bytes on disk, {end:,} needed; {_FETCH}")
    if end < size:
        raise ModelError(
            f"{path}: damaged: {size:,} bytes on disk, and its header tells of {end:,}; {_FETCH}"
        )


def _stored_tensor(path: Path, name: str, entry: Any, data: int) -> StoredTensor:
    """Read one entry of a header; `data` is where the data of the file begins."""
    if not name.isprintable():
        raise ModelError(
            f"{path}: damaged: its header calls a tensor {name!r}, with characters that are none; "
            f"{_FETCH}"
        )
    said = dict(entry) if isinstance(entry, _Pairs) else {}
    dtype, shape, place = (said.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str) or not _are_sizes(shape) or not _are_sizes(place, 2):
        raise ModelError(
            f"{path}: not a safetensors file (or damaged): its header does not say type, shape and "
            f"place of {name!r}; {_FETCH}"
        )
    start, stop = place
    size = np.dtype(_STORED[dtype]).itemsize if dtype in _STORED else None
    if start > stop or (size is not None and math.prod(shape) * size != stop - start):
        raise ModelError(
            f"{path}: damaged: {name!r} of type {dtype} and shape {tuple(shape)} cannot lie at "
            f"bytes {start:,} to {stop:,}; {_FETCH}"
        )
    return StoredTensor(path, dtype, tuple(shape), data + start, data + stop)


def _are_sizes(values: Any, count: int | None = None) -> TypeGuard[list[int]]:
    """Say whether a header gives a list of sizes: whole numbers that a file can have."""
    return (
        isinstance(values, list)
        and (count is None or len(values) == count)
        and all(type(value) is int and 0 <= value < 2**63 for value in values)
    )


def list_tensors(folder: Path, stem: str) -> dict[str, StoredTensor]:
    """List the tensors of `<stem>.safetensors` or of the shards in `<stem>.safetensors.index.json`.

    Raises:
        ModelError: neither exists, a shard is missing, a file is damaged, or weights are empty.
    """
    single, index = folder / f"{stem}.safetensors", folder / f"{stem}.safetensors.index.json"
    if single.exists():
        tensors = read_header(single)
    elif index.exists():
        tensors = _of_shards(index)
    else:
        raise _missing(folder, single, index)
    _refuse_empty(tensors)
    return _unwrapped(tensors)


def _unwrapped(tensors: dict[str, StoredTensor]) -> dict[str, StoredTensor]:
    """Take out of the names what torch's wrappers of modules put in (`_WRAPPERS`)."""
    if not any(_WRAPPERS.search(name) for name in tensors):
        return tensors
    named: dict[str, StoredTensor] = {}
    for name, tensor in tensors.items():
        own = _WRAPPERS.sub("", name)
        if own in named:
            raise ModelError(
                f"{tensor.path}: damaged: holds {own!r} twice, once as {name!r}; save the model "
                "again without torch's wrappers"
            )
        named[own] = tensor
    return named


def is_wrapped(tensors: dict[str, StoredTensor]) -> bool:
    """Say whether the files of listed tensors have other names for them (`_WRAPPERS`)."""
    files = {tensor.path for tensor in tensors.values()}
    return any(_WRAPPERS.search(name) for path in files for name in read_header(path))


def _of_shards(index: Path) -> dict[str, StoredTensor]:
    """List the tensors of the shards of an index: each must hold what the index says."""
    places = read_json_object(index, ModelError).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise ModelError(
            f"{index}: weight_map says for no tensor in which file it lies; {_FETCH}, with all "
            "files of the model"
        )
    for name, shard in places.items():
        # joined to the folder, anything else could lead out of it
        if not isinstance(shard, str) or not shard or Path(shard).name != shard or "\\" in shard:
            raise ModelError(
                f"{index}: weight_map puts {name!r} into {shard!r}; allowed are names of files "
                f"beside the index; {_FETCH}"
            )
    shards = sorted(set(places.values()))
    missing = [shard for shard in shards if not os.path.lexists(index.parent / shard)]
    if missing:
        raise ModelError(
            f"{index.parent}: shards named in {index.name} are missing: {', '.join(missing)}; "
            "fetch them too"
        )
    headers = {shard: read_header(index.parent / shard) for shard in shards}
    lost = [name for name, shard in places.items() if name not in headers[shard]]
    if lost:
        raise ModelError(
            f"{index}: weight_map puts {lost[0]!r} into {places[lost[0]]}, which does not hold it"
            f"{f' (so for {len(lost)} tensors)' if len(lost) > 1 else ''}; fetch index and shards "
            "again, of one revision"
        )
    every = {name: tensor for header in headers.values() for name, tensor in header.items()}
    return every | {name: headers[shard][name] for name, shard in places.items()}


def _missing(folder: Path, single: Path, index: Path) -> ModelError:
    pickled = (
        sorted(path.name for kind in ("*.bin", "*.pt", "*.pth") for path in folder.glob(kind))
        if folder.is_dir()
        else []
    )
    if pickled:
        return ModelError(
            f"{folder}: only pickled weights ({', '.join(pickled)}), which can run code when "
            "opened; convert them with `save_pretrained(..., safe_serialization=True)` first"
        )
    return ModelError(f"{folder}: no {single.name} and no {index.name}; name the folder with them")


def _refuse_empty(tensors: dict[str, StoredTensor]) -> None:
    """Refuse weights without elements: what a sharded training leaves of them in every process."""
    # of quantised models, indices may be empty and mean something
    empty = [
        name
        for name, tensor in tensors.items()
        if tensor.shape == (0,) and not name.endswith(".g_idx")
    ]
    if empty:
        raise ModelError(
            f"{tensors[empty[0]].path}: {len(empty)} of {len(tensors)} tensors are empty, "
            f"{empty[0]!r} first, as DeepSpeed's ZeRO-3 leaves weights that are not gathered "
            "before they are saved; save again with `stage3_gather_16bit_weights_on_model_save`, "
            "or put the weights together from the checkpoint with DeepSpeed's `zero_to_fp32.py`"
        )
