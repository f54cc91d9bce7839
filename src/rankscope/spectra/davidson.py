"""Block Davidson for the k largest eigenpairs of a symmetric operator with a diagonal guess.

Guarantees: returns orthonormal Ritz vectors with their residual norms, whether or not they have
converged; what the residuals prove is for the caller to say. Memory: a few p × (start + k·rounds)
blocks. The operator enters as `apply` (block matrix product) and `precondition` (an approximate
inverse of operator − θ applied to residuals).
"""

from collections.abc import Callable
from dataclasses import dataclass

from rankscope.spectra.arrays import Array, namespace

MAX_ROUNDS = 24
_BLUR = 1e-2


@dataclass(frozen=True)
class RitzPairs:
    """Ritz pairs by descending value.

    Attributes:
        values: all Ritz values of the final subspace.
        vectors: p × wanted orthonormal Ritz vectors of the first `wanted` values.
        residuals: norms ‖M x − θ x‖ of these vectors.
        rounds: expansions of the subspace that were needed.
    """

    values: Array
    vectors: Array
    residuals: Array
    rounds: int


def orthonormal(block: Array, against: Array | None = None) -> Array:
    """Return an orthonormal basis of `block`, orthogonal to the orthonormal `against`."""
    xp = namespace(block)
    for _ in range(2):
        if against is not None:
            block = block - against @ (against.T @ block)
        block, _ = xp.linalg.qr(block)
    return block


def davidson(
    apply: Callable[[Array], Array],
    precondition: Callable[[Array, Array], Array],
    start: Array,
    wanted: int,
    accurate: int,
    tolerance: float,
    floor: float,
    most_rounds: int = MAX_ROUNDS,
) -> RitzPairs:
    """Expand `start` until `wanted` vectors have converged or `most_rounds` are over.

    Each of the first `accurate` vectors has converged when its residual is below `tolerance` times
    its distance to the other Ritz values, or below `floor`, the rounding of the operator itself.
    The others only have to be known well enough not to blur these distances.
    """
    xp = namespace(start)
    basis = orthonormal(start)
    image = apply(basis)
    projected = basis.T @ image
    for rounds in range(most_rounds + 1):
        values, rotation = xp.linalg.eigh((projected + projected.T) / 2)
        values, rotation = xp.flip(values, (0,)), xp.flip(rotation, (1,))
        chosen = rotation[:, :wanted]
        vectors = basis @ chosen
        residual = image @ chosen - vectors * values[:wanted]
        norms = xp.linalg.norm(residual, axis=0)
        gaps = ritz_gaps(values, wanted)
        blur = _BLUR * xp.ones_like(gaps[accurate:]) * gaps[:accurate].min()
        needed = xp.clip(xp.concat([tolerance * gaps[:accurate], blur]), floor, None)
        pending = norms > needed
        room = basis.shape[0] - basis.shape[1]
        if rounds == most_rounds or room == 0 or not bool(pending.any()):
            return RitzPairs(values, vectors, norms, rounds)
        correction = precondition(residual[:, pending], values[:wanted][pending])[:, :room]
        correction = correction / xp.linalg.norm(correction, axis=0)
        expansion = orthonormal(correction, basis)
        expanded = apply(expansion)
        coupling = basis.T @ expanded
        projected = xp.concat(
            [
                xp.concat([projected, coupling], 1),
                xp.concat([coupling.T, expansion.T @ expanded], 1),
            ]
        )
        image = xp.concat([image, expanded], 1)
        basis = xp.concat([basis, expansion], 1)
    raise AssertionError("unreachable: the last round returns")


def ritz_gaps(values: Array, wanted: int) -> Array:
    """Return the distance of each of the first `wanted` descending values to its neighbours."""
    xp = namespace(values)
    steps = abs(values[:-1] - values[1:])[:wanted]
    above = xp.concat([steps[:1], steps[:-1]])
    return xp.minimum(above, steps)
