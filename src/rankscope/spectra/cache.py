"""The base decomposition on disk: one safetensors file per matrix, written once, shared by all.

Guarantees: a file is complete or absent, so that an interrupted build goes on where it stopped; a
decomposition that does not belong to the weight it is used with is refused. `f64` is the default;
`f32` halves the disk space and adds its rounding to every error bound.
"""

from pathlib import Path

import numpy as np

from rankscope.artefacts.files import replacing
from rankscope.errors import ArtefactError
from rankscope.spectra.arrays import to_device, to_numpy
from rankscope.spectra.blockwise import frobenius_norm
from rankscope.spectra.decomposition import BaseSpectrum
from rankscope.spectra.tensor_files import read_header

# ‖u − fl(u)‖ for a unit vector stored in single precision
_SINGLE_ROUNDING = float(np.finfo(np.float32).eps) / 2


def cache_file(folder: Path, matrix: str) -> Path:
    """Return where the decomposition of `matrix` lies."""
    return folder / f"{matrix}.safetensors"


def is_stored(path: Path, precision: str) -> bool:
    """Say whether `path` holds a decomposition with vectors in `precision`."""
    return path.is_file() and read_header(path)["vectors"].dtype == precision.upper()


def save(path: Path, base: BaseSpectrum, precision: str = "f64") -> None:
    """Write a decomposition, its vectors in `precision` (`f64` or `f32`)."""
    from safetensors.numpy import save_file

    stored = np.float64 if precision == "f64" else np.float32
    arrays = {
        "vectors": np.ascontiguousarray(to_numpy(base.vectors), dtype=stored),
        "values": to_numpy(base.values),
        "errors": to_numpy(base.errors),
        "large_tail": np.ascontiguousarray(to_numpy(base.large_tail)),
    }
    if base.weak_large is not None:
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
    stored = read_header(path)
    values = stored["values"].read()
    norm = frobenius_norm(weight)
    if stored["vectors"].shape[0] != min(weight.shape) or not np.isclose(
        np.linalg.norm(values), norm, rtol=1e-9
    ):
        raise ArtefactError(
            f"{path}: this decomposition belongs to another weight (Frobenius norm "
            f"{np.linalg.norm(values):.9g}, the base has {norm:.9g}); delete it and build it again"
        )
    single = stored["vectors"].dtype == "F32"
    weak_large = stored.get("weak_large")
    return BaseSpectrum(
        vectors=to_device(stored["vectors"].read(), device),
        values=to_device(values, device),
        errors=to_device(stored["errors"].read(), device),
        large_tail=to_device(stored["large_tail"].read(), device),
        storage_error=_SINGLE_ROUNDING if single else 0.0,
        weak_large=None if weak_large is None else to_device(weak_large.read(), device),
    )
