"""A bound of a norm by random products holds, and not by much."""

import numpy as np
import pytest

from rankscope.spectra.engine.parts.probing import norm_bound, probes


@pytest.mark.parametrize("rank", [1, 5, 40])
def test_the_norm_of_an_error_is_bounded_and_not_by_much(rank):
    rng = np.random.default_rng(1)
    for _ in range(200):
        error = rng.standard_normal((30, rank)) @ rng.standard_normal((rank, 40))
        bound, norm = norm_bound(error @ probes(40)), np.linalg.norm(error, 2)
        assert norm <= bound <= 12 * np.linalg.norm(error)
