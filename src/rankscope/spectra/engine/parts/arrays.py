"""The arrays of the spectral engine: numpy on the CPU, torch where a CUDA device is asked for.

Guarantees: the engine is written in the part of numpy 2 and torch whose names, arguments and
results agree (`@`, `concat`, `amax`, `linalg.eigh`, …, with `axis=`), so that one text serves both
and every result is float64. Does not move arrays by itself: what enters on a device stays there.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any  # numpy.ndarray or torch.Tensor


def namespace(array: Array) -> Any:
    """Return the module (`numpy` or `torch`) that `array` belongs to."""
    if isinstance(array, np.ndarray):
        return np
    import torch

    return torch


def to_numpy(array: Array) -> np.ndarray:
    """Copy to a numpy array on the CPU."""
    return array if isinstance(array, np.ndarray) else array.detach().cpu().numpy()


def to_device(array: np.ndarray, device: str) -> Array:
    """Place a float64 copy on `device`: numpy for `cpu`, a torch tensor for `cuda`."""
    if device == "cpu":
        return np.asarray(array, dtype=np.float64)
    import torch

    return torch.from_numpy(np.ascontiguousarray(array)).to(device=device, dtype=torch.float64)


def identity_like(array: Array, rows: int, columns: int) -> Array:
    """Return the leading `rows` × `columns` block of an identity, of the kind of `array`."""
    xp = namespace(array)
    if xp is np:
        return np.eye(rows, columns)
    return xp.eye(rows, columns, dtype=array.dtype, device=array.device)


def constants_like(array: Array, values: object) -> Array:
    """Return `values` (nested numbers or a numpy array) as an array of the kind of `array`."""
    if isinstance(array, np.ndarray):
        return np.asarray(values, dtype=array.dtype)
    return namespace(array).as_tensor(values, dtype=array.dtype, device=array.device)


def contiguous(array: Array) -> Array:
    """Return the same values row by row in memory, which libraries read without copying first."""
    return np.ascontiguousarray(array) if isinstance(array, np.ndarray) else array.contiguous()


def zeros_like(array: Array, rows: int, columns: int) -> Array:
    """Return a `rows` × `columns` array of zeros, of the kind of `array`."""
    if isinstance(array, np.ndarray):
        return np.zeros((rows, columns))
    return namespace(array).zeros((rows, columns), dtype=array.dtype, device=array.device)


def lower_factor(matrix: Array) -> Array | None:
    """Return the Cholesky factor of a small symmetric matrix; None if it is not definite."""
    xp = namespace(matrix)
    if xp is not np:
        factor, failed = xp.linalg.cholesky_ex(matrix)
        return None if int(failed) else factor
    try:
        return np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return None


def positive_definite_solver(matrix: Array) -> Callable[[Array], Array] | None:
    """Factorise a symmetric matrix once to solve with it; None if it is not positive definite."""
    xp = namespace(matrix)
    if xp is not np:
        factor, failed = xp.linalg.cholesky_ex(matrix)
        return None if int(failed) else lambda block: xp.cholesky_solve(block, factor)
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    try:
        factors = cho_factor(matrix, lower=True, check_finite=False)
    except LinAlgError:
        return None
    return lambda block: cho_solve(factors, block, check_finite=False)
