"""Starts of LoRA that take a part out of the base's weight and give it to A and B.

PiSSA (arXiv 2404.02948) trains on W0 − U_r Σ_r V_rᵀ, OLoRA (arXiv 2406.01775) on W0 − s Q_r R_r,
and A and B begin with what was taken, so that an adapter's W is W0 − taken + s·BA. peft stores A
and B alone and takes the part out of the base again at every load.

Guarantees: the part is computed from the base in float64, as factors. peft computes it in float32,
on whatever machine: where that does not define it, since the first r singular values (or columns)
cannot be told from the others, it is refused, and where it defines it badly, a warning says how
far the update is open.
"""

import logging
from dataclasses import dataclass

import numpy as np

from rankscope.errors import ModelError

logger = logging.getLogger(__name__)

# a float32 decomposition of a matrix of norm 1 is that of one within this distance
_SINGLE = 8 * float(np.finfo(np.float32).eps)

_NOTABLE = 0.05  # of an update's norm


@dataclass(frozen=True)
class Taken:
    """What was taken out of an m × n weight: `left` @ `right`, m × r and r × n, float64.

    `open` bounds, to first order, the spectral norm by which a float32 computation differs; it is
    infinite where it can be anything.
    """

    left: np.ndarray
    right: np.ndarray
    open: float

    def check(self, name: str, change: float) -> None:
        """Check that it is known well enough for a change of that Frobenius norm.

        Raises:
            ModelError: float32 does not define it.
        """
        if not np.isfinite(self.open):
            raise ModelError(
                f"{name}: what the adapter's start took out of this weight cannot be told from the "
                "rest of it in float32, in which peft computes it; save the adapter where it was "
                "trained as plain LoRA (`path_initial_model_for_weight_conversion`), or save the "
                "merged model there and give that"
            )
        if self.open > _NOTABLE * change:
            logger.warning(
                "%s: what the adapter's start took out of this weight is known to %.1g of the"
                " update's norm only, since peft computes it in float32",
                name, self.open / change if change else np.inf,
            )  # fmt: skip


def taken(start: str, weight: np.ndarray, rank: int, scale: float, is_transposed: bool) -> Taken:
    """Return what `start` takes out of the m × n `weight`.

    Args:
        start: `pissa` or `olora`.
        weight: the whole weight of the module, out-features × in-features.
        rank: r of the adapter.
        scale: s, by which BA is multiplied.
        is_transposed: whether the module holds it as in-features × out-features, which OLoRA, as
            peft computes it, does not undo.
    """
    whole = weight.astype(np.float64)
    if start == "pissa":
        return _leading(whole, rank)
    if is_transposed:
        found = _first_columns(whole.T, rank, scale)
        return Taken(found.right.T, found.left.T, found.open)
    return _first_columns(whole, rank, scale)


def _leading(weight: np.ndarray, rank: int) -> Taken:
    """Take the r leading singular triplets."""
    from scipy.linalg import eigh  # costs more than the analysis of a small model

    if weight.shape[0] > weight.shape[1]:
        found = _leading(weight.T, rank)
        return Taken(found.right.T, found.left.T, found.open)
    small = len(weight)
    kept = min(rank, small)
    first = max(small - kept - 1, 0)
    squares, vectors = eigh(weight @ weight.T, subset_by_index=[first, small - 1])
    values = np.sqrt(np.clip(squares, 0, None))
    left = vectors[:, -kept:]
    if kept == small or not values[-1]:
        return Taken(left, left.T @ weight, 0.0)
    gap, noise = values[-kept] - values[0], _SINGLE * values[-1]
    return Taken(left, left.T @ weight, _turned(values[-kept], noise, gap))


def _first_columns(weight: np.ndarray, rank: int, scale: float) -> Taken:
    """Take s Q_r R_r of W = Q R: the projection to the first r columns."""
    columns = weight[:, :rank]
    basis, triangle = np.linalg.qr(columns)
    rest = basis.T @ weight
    values = np.linalg.svd(triangle, compute_uv=False)
    norm = float(np.linalg.norm(rest))
    return Taken(scale * basis, rest, abs(scale) * _turned(norm, _SINGLE * values[0], values[-1]))


def _turned(size: float, noise: float, gap: float) -> float:
    """Bound the change of a part of that size when its basis turns by noise over gap."""
    return float(np.inf) if gap <= noise else float(size * noise / gap)
