"""Float64 results from a weight stored in less, without a float64 copy of the weight.

Guarantees: every number is converted to float64 before it is used, a block of rows at a time, so
that results are those of the converted matrix at a fraction of its memory traffic.
"""

from collections.abc import Iterator

import numpy as np

_ROWS = 256


def _blocks(weight: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    for start in range(0, weight.shape[0], _ROWS):
        rows = slice(start, start + _ROWS)
        yield rows, np.asarray(weight[rows], dtype=np.float64)


def frobenius_norm(weight: np.ndarray) -> float:
    """Return √Σ w², for an m × n weight."""
    return float(np.sqrt(sum(np.vdot(block, block) for _, block in _blocks(weight))))


def times(weight: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return weight @ block, m × k."""
    product = np.empty((weight.shape[0], block.shape[1]))
    for rows, part in _blocks(weight):
        product[rows] = part @ block
    return product


def transposed_times(weight: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return weightᵀ @ block, n × k."""
    product = np.zeros((weight.shape[1], block.shape[1]))
    for rows, part in _blocks(weight):
        product += (block[rows].T @ part).T
    return product
