"""The base decomposition on disk: one safetensors file per matrix, written once, shared by all.

Guarantees: a file is complete or absent, so that an interrupted build goes on where it stopped;
what a build takes on the disk is known, and refused, before it begins; a decomposition that does
not belong to the weight it is used with, in every entry, is refused. `f64` is the default; `f32`
halves the disk space and adds its rounding to every error bound.
"""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from rankscope.artefacts.files import replacing
from rankscope.artefacts.names import file_name
from rankscope.errors import ArtefactError
from rankscope.spectra.engine.parts.arrays import to_device, to_numpy
from rankscope.spectra.engine.parts.blockwise import times, transposed_times
from rankscope.spectra.engine.parts.decomposition import BaseSpectrum
from rankscope.weights.matrices import Matrix
from rankscope.weights.tensor_files import read_header

logger = logging.getLogger(__name__)

Precision = Literal["f64", "f32"]

_MARK = "mark"
_BYTES: dict[Precision, int] = {"f64": 8, "f32": 4}
# ‖u − fl(u)‖ for a unit vector stored in single precision
_SINGLE_ROUNDING = float(np.finfo(np.float32).eps) / 2
# what rounding in double precision stays well below, of an entry of W x over ‖W‖
_TOLERANCE = 1e-12
_WEAK_SHARE = 64  # of the larger side's vectors, one in so many is stored


def cache_file(folder: Path, matrix: str) -> Path:
    """Return where the decomposition of `matrix` lies: in `folder`, whatever the matrix is called.

    Names of matrices come from a checkpoint's header, where anybody can write `../victim/model`.
    """
    return folder / f"{file_name(matrix)}.safetensors"


def is_stored(path: Path, precision: Precision) -> bool:
    """Say whether `path` holds a decomposition with vectors in `precision` or better."""
    return path.is_file() and _bytes_each(path) >= _BYTES[precision]


def _bytes_each(path: Path) -> int:
    return 4 if read_header(path)["vectors"].dtype == "F32" else 8


def prepare(folder: Path, matrices: Sequence[Matrix], precision: Precision) -> None:
    """Check, before work begins, that a cache can serve these matrices, or has room for them.

    Raises:
        ArtefactError: it holds less than the asked precision, or its disk is too full.
    """
    present = [matrix for matrix in matrices if cache_file(folder, matrix.cache_key).is_file()]
    for matrix in present:
        path = cache_file(folder, matrix.cache_key)
        if not is_stored(path, precision):
            raise ArtefactError(
                f"{path}: this base decomposition is stored in f32, {precision} was asked for; use "
                f"it as it is with `--precision f32` (wider error bounds), or name another folder"
            )
    make_room(folder, [matrix for matrix in matrices if matrix not in present], precision)


def make_room(folder: Path, missing: Sequence[Matrix], precision: Precision) -> None:
    """Say what the decompositions of `missing` will take in `folder`; refuse if it is not there.

    Raises:
        ArtefactError: the disk is too full.
    """
    if not missing:
        return
    needed = sum(stored_bytes(matrix.shape, precision) for matrix in missing)
    free = shutil.disk_usage(next(at for at in (folder, *folder.parents) if at.exists())).free
    half = "" if precision == "f32" else " (`--precision f32`: half)"
    logger.info(
        "%s: %d base decompositions are missing, %s in %s%s",
        folder, len(missing), _gigabytes(needed), precision, half,
    )  # fmt: skip
    if needed > free:
        raise ArtefactError(
            f"{folder}: {len(missing)} base decompositions take {_gigabytes(needed)} in "
            f"{precision}{half}, and {_gigabytes(free)} are free; make room or name a folder on "
            "another disk"
        )


def stored_bytes(shape: tuple[int, int], precision: Precision) -> int:
    """Return the size of the decomposition of an m × n matrix of full rank, headers left out."""
    small, large = sorted(shape)
    weak = 8 * large * (small // _WEAK_SHARE) if precision == "f64" else 0
    return _BYTES[precision] * small**2 + 4 * 8 * small + weak


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.3g} GB"


def save(path: Path, base: BaseSpectrum, weight: np.ndarray, precision: Precision = "f64") -> None:
    """Write the decomposition of `weight` (any orientation), its vectors in `precision`."""
    from safetensors.numpy import save_file

    stored = np.float64 if precision == "f64" else np.float32
    arrays = {
        "vectors": np.ascontiguousarray(to_numpy(base.vectors), dtype=stored),
        "values": to_numpy(base.values),
        "errors": to_numpy(base.errors),
        "large_tail": to_numpy(base.large_tail),
        _MARK: _mark(weight),
    }
    # they complete what single precision tells of exact vectors, and are no use to rounded ones
    if base.weak_large is not None and precision == "f64":
        arrays["weak_large"] = to_numpy(base.weak_large)
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with replacing(path) as temporary:
        save_file(arrays, temporary)


def read_ahead(path: Path) -> None:
    """Have a decomposition that will be loaded soon on its way from the disk, if it is there."""
    if path.is_file():
        for tensor in read_header(path).values():
            tensor.read_ahead()


def load(path: Path, weight: np.ndarray, device: str = "cpu") -> BaseSpectrum:
    """Read the decomposition of `weight` (any orientation).

    Raises:
        ArtefactError: missing, or it belongs to another weight.
    """
    if not path.is_file():
        raise ArtefactError(f"{path}: the base decomposition lacks this matrix; build it again")
    stored = {name: tensor.read() for name, tensor in read_header(path).items()}
    storage_error = _SINGLE_ROUNDING if stored["vectors"].dtype == np.float32 else 0.0
    mark = stored.pop(_MARK, None)
    if (
        mark is None
        or (len(mark), len(stored["large_tail"])) != tuple(sorted(weight.shape))
        or _differs(mark, _mark(weight))
    ):
        raise ArtefactError(
            f"{path}: this decomposition belongs to another weight than the base's; delete it and "
            "build it again, or name another folder"
        )
    placed = {name: to_device(array, device) for name, array in stored.items()}
    return BaseSpectrum(
        vectors=placed["vectors"],
        values=placed["values"],
        errors=placed["errors"],
        large_tail=placed["large_tail"],
        storage_error=storage_error,
        weak_large=placed.get("weak_large"),
    )


def _mark(weight: np.ndarray) -> np.ndarray:
    """Return what tells a weight from every other: its products with two fixed vectors, p × 2.

    Every entry enters, each by another factor, so that other numbers and the same in another order
    are told apart, wherever they stand; it takes one pass over the weight, as its norm would. The
    factors are cosines at multiples of √2 and of √3, of which no two places share both.
    """
    smaller, larger = sorted(weight.shape)
    fixed = np.cos(np.outer(np.arange(1, larger + 1), (2**0.5, 3**0.5)))
    if weight.shape[0] == smaller:
        return times(weight, fixed)
    return transposed_times(weight, fixed)


def _differs(stored: np.ndarray, mark: np.ndarray) -> bool:
    return bool((np.abs(stored - mark) > _TOLERANCE * np.linalg.norm(mark)).any())
