"""Singular values of an update ΔW, exactly, without forming it when it is low-rank.

Guarantees: for ΔW = B A they come from the r × r core of the two factors in float64, never from
merged weights (a spectrum recomputed from half-precision merged weights is mostly rounding noise:
its effective rank comes out several times too large). For a dense ΔW they come from its Gram
matrix: absolute error about 1e-8 of the largest.
"""

from rankscope.spectra.engine.parts.arrays import Array, namespace
from rankscope.weights.updates import LowRank, Update


def low_rank_singular_values(left: Array, right: Array) -> Array:
    """Return all singular values of `left` @ `right`, descending, min(r, m, n) of them.

    With left = Q R and rightᵀ = P S (QR factorisations), they are those of R Sᵀ.
    """
    xp = namespace(left)
    left_core, right_core = _triangle(left), _triangle(right.T)
    return xp.linalg.svd(left_core @ right_core.T)[1]


def _triangle(tall: Array) -> Array:
    """Return R of the QR factorisation."""
    xp = namespace(tall)
    factors = xp.linalg.qr(tall, mode="r")
    return factors if xp.__name__ == "numpy" else factors[1]


def dense_singular_values(delta: Array) -> Array:
    """Return all singular values of an m × n matrix, descending."""
    xp = namespace(delta)
    gram = delta @ delta.T if delta.shape[0] <= delta.shape[1] else delta.T @ delta
    values = xp.linalg.eigvalsh(gram)
    return xp.flip(xp.sqrt(xp.clip(values, 0, None)), (0,))


def singular_values(update: Update) -> Array:
    """Return the singular values of an update that lies on the CPU, descending."""
    if isinstance(update, LowRank):
        # beyond half the smaller side the factors are no smaller than their product
        if update.rank <= min(update.left.shape[0], update.right.shape[1]) // 2:
            return low_rank_singular_values(update.left, update.right)
        return dense_singular_values(update.dense())[: update.rank]
    return dense_singular_values(update.delta)
