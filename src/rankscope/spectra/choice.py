"""Which way a matrix is analysed: the one place that decides, from measured crossovers.

The crossovers were measured on one core with k = 10 (`tests/benchmarks/spectra.py` repeats them):

- up to 256 dimensions a complete decomposition takes milliseconds, and nothing is gained;
- a low-rank update pays up to about an eighth of the dimension, the dense certified way beyond it;
- both certified ways follow k + 6 vectors through several rounds: for k in the hundreds a complete
  decomposition is as fast.
"""

from typing import Literal

Way = Literal["low-rank", "dense-certified", "gram"]

_SMALL = 256
_LOW_RANK_SHARE = 8  # of the smaller side
_LEADING_SHARE = 16


def choose_way(smaller_side: int, rank: int | None, k: int, tail: int) -> Way:
    """Choose for a matrix of this smaller side, an update of `rank` (None: dense), k vectors.

    `tail` is the number of vanishing singular values of the base, which only the complete way
    treats on both sides.
    """
    if smaller_side <= _SMALL or k * _LEADING_SHARE > smaller_side or tail:
        return "gram"
    if rank is not None and rank * _LOW_RANK_SHARE <= smaller_side:
        return "low-rank"
    return "dense-certified"
