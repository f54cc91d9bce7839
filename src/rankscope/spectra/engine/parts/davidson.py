"""Block Davidson for the k largest eigenpairs of a symmetric operator with a diagonal guess.

Guarantees: returns orthonormal Ritz vectors with their residual norms, whether or not they have
converged; what the residuals prove is for the caller to say. Memory: two p × (start + k·rounds)
blocks. The operator enters as `apply` (block matrix product) and `precondition` (an approximate
inverse of operator − θ applied to residuals).
"""

from collections.abc import Callable
from dataclasses import dataclass

from rankscope.spectra.engine.parts.arrays import Array, lower_factor, namespace, zeros_like

MAX_ROUNDS = 24
_BLUR = 1e-2
_PASSES = 5
_ROUNDS_AT_ONCE = 5  # for which memory is taken
_UNCHANGED = 0.9  # a column that a pass has left this long was orthogonal before it


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
    """Return an orthonormal basis of `block`, orthogonal to the orthonormal `against`.

    By Cholesky factorisations of Gram matrices, which cost a fraction of Householder's; each pass
    squares away what the one before has left, until a pass changes nothing any more. Dependent
    columns, which have no such factorisation, take one pass of Householder's.
    """
    xp = namespace(block)
    block = block / xp.clip(xp.linalg.norm(block, axis=0), 1e-300, None)
    for _ in range(_PASSES):
        if against is not None:
            block = block - against @ (against.T @ block)
        triangle = lower_factor(block.T @ block)
        if triangle is None:
            block, _ = xp.linalg.qr(block)
            continue
        block = block @ xp.linalg.inv(triangle).T
        if float(xp.diagonal(triangle).min()) > _UNCHANGED:
            break
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
    first = orthonormal(start)
    subspace = _Subspace(first, apply(first), wanted * _ROUNDS_AT_ONCE)
    for rounds in range(most_rounds + 1):
        basis, image = subspace.basis, subspace.image
        values, rotation = xp.linalg.eigh(subspace.projected)
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
        expansion = orthonormal(correction, basis)
        subspace.extend(expansion, apply(expansion))
    raise AssertionError("unreachable: the last round returns")


class _Subspace:
    """An orthonormal basis, its image and their product, growing in place.

    Vectors are held as rows of one buffer each, so that growing copies nothing in most rounds.
    """

    def __init__(self, basis: Array, image: Array, room: int) -> None:
        self._size = 0
        self._room = room
        self._rows = zeros_like(basis, 0, basis.shape[0])
        self._images = self._rows
        self.projected = _symmetric(basis.T @ image)
        self._append(basis, image)

    @property
    def basis(self) -> Array:
        """The vectors, p × size."""
        return self._rows[: self._size].T

    @property
    def image(self) -> Array:
        """The operator times the vectors, p × size."""
        return self._images[: self._size].T

    def extend(self, basis: Array, image: Array) -> None:
        """Append orthonormal vectors and their image."""
        xp = namespace(basis)
        coupling = self.basis.T @ image
        upper = xp.concat([self.projected, coupling], 1)
        lower = xp.concat([coupling.T, _symmetric(basis.T @ image)], 1)
        self.projected = xp.concat([upper, lower])
        self._append(basis, image)

    def _append(self, basis: Array, image: Array) -> None:
        stop = self._size + basis.shape[1]
        if stop > self._rows.shape[0]:
            self._grow(stop + self._room)
        self._rows[self._size : stop] = basis.T
        self._images[self._size : stop] = image.T
        self._size = stop

    def _grow(self, capacity: int) -> None:
        for name in ("_rows", "_images"):
            grown = zeros_like(self._rows, capacity, self._rows.shape[1])
            grown[: self._size] = getattr(self, name)[: self._size]
            setattr(self, name, grown)


def _symmetric(square: Array) -> Array:
    return (square + square.T) / 2


def ritz_gaps(values: Array, wanted: int) -> Array:
    """Return the distance of each of the first `wanted` descending values to its neighbours."""
    xp = namespace(values)
    steps = abs(values[:-1] - values[1:])[:wanted]
    above = xp.concat([steps[:1], steps[:-1]])
    return xp.minimum(above, steps)
