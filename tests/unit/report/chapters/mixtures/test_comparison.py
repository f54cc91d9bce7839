"""Comparisons of methods on their common samplings: ties, orders, and what is not there."""

from mixture_evidence import EXACT, RANKS, SMALL, mixtures_of
from rankscope.report.chapters.mixtures.subject import Mixtures


def test_what_only_the_order_of_summation_tells_apart_is_alike():
    """0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1 to the last bit."""
    said = {4: [0.1, 0.2, 0.3], 8: [0.3, 0.2, 0.1], 16: [0.2, 0.1, 0.3], 32: [0.3, 0.1, 0.2]}
    builder = mixtures_of(
        lambda kind, label, _, rank, seed: said[rank or 4], SMALL, RANKS, metrics=(EXACT,)
    )
    (mixtures,) = Mixtures.of(builder.build())
    test = mixtures.tests("intra")[0]
    found = mixtures.compare(test, *mixtures.loras(mixtures.largest, test))
    assert len(set(found.scores[0])) == 1
