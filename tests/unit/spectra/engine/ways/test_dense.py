"""The certified way of dense updates: what it returns is the leading end of a full SVD, or None."""

import numpy as np
import pytest

from rankscope.spectra.engine.parts.decomposition import decompose
from rankscope.spectra.engine.ways import dense
from rankscope.spectra.engine.ways.dense import leading_certified
from spectra_oracles import realistic


@pytest.mark.parametrize("shape", [(60, 60), (60, 90)])
@pytest.mark.parametrize("strength", [0.0, 0.01, 0.3, 3.0])
def test_leading_vectors_are_those_of_a_full_decomposition(shape, strength):
    rng = np.random.default_rng(0)
    weight, delta = realistic(*shape, rng), strength * rng.standard_normal(shape) / 10
    found = leading_certified(decompose(weight), weight + delta, delta, 4)
    assert found is not None
    assert found.method == "dense-certified"
    u, s, v = np.linalg.svd(weight + delta, full_matrices=False)
    np.testing.assert_allclose(found.values, s[:4], rtol=1e-9)
    for mine, theirs in ((found.small, u[:, :4]), (found.large, v[:4].T)):
        cosines = np.abs((mine * theirs).sum(axis=0))
        assert (np.sqrt(np.clip(1 - cosines**2, 0, None)) <= found.errors + 1e-7).all()
    assert found.errors.max() < 1e-6


def test_what_cannot_be_told_apart_is_not_certified():
    """All values equal: no gap behind the k-th, so that no proof can be given."""
    weight = np.linalg.qr(np.random.default_rng(1).standard_normal((40, 40)))[0]
    assert leading_certified(decompose(weight), weight, np.zeros((40, 40)), 3) is None


def test_a_search_that_misses_a_direction_certifies_nothing(monkeypatch):
    """The proof is by the weight itself, not by what the search believes to have found."""
    rng = np.random.default_rng(2)
    weight = realistic(50, 60, rng)
    delta = 40 * np.outer(np.linalg.qr(rng.standard_normal((50, 1)))[0], np.eye(60)[0])
    base = decompose(weight)
    assert leading_certified(base, weight + delta, delta, 3) is not None

    def blind(apply, precondition, start, wanted, *rest):
        """The leading vectors of the base alone, called converged."""
        vectors = base.vectors[:, : wanted + 1]
        return dense.RitzPairs(
            base.values[: wanted + 1] ** 2, vectors[:, :wanted], np.zeros(wanted), 0
        )

    monkeypatch.setattr(dense, "davidson", blind)
    assert leading_certified(base, weight + delta, delta, 3) is None


def test_torch_gives_what_numpy_gives():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(3)
    weight, delta = realistic(40, 50, rng), 0.1 * rng.standard_normal((40, 50))
    expected = leading_certified(decompose(weight), weight + delta, delta, 3)
    held, change = torch.from_numpy(weight), torch.from_numpy(delta)
    found = leading_certified(decompose(held), held + change, change, 3)
    assert expected is not None and found is not None
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-10)
