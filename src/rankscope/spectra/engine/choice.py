"""Which way a matrix is analysed: the one place that decides, from measured crossovers.

First whether the base is decomposed at all, then how each version is compared with it.

The crossovers were measured on one core with k = 10 (`tests/benchmarks/spectra.py` repeats them):

- up to 256 dimensions a complete decomposition takes milliseconds, and nothing is gained;
- the low-rank way pays up to about a sixth of the dimension, the dense certified way beyond it,
  except that up to 384 dimensions a complete decomposition beats it for such strong updates;
- projections in single precision take half the time of double ones, once the probes that measure
  their rounding are made, which costs as much as a rank of about 70;
- without a cache, a complete decomposition of the base costs as much as about four versions in the
  cacheless way; up to 1,024 dimensions it takes a second;
- both certified ways follow k + 6 vectors through several rounds: for k in the hundreds a complete
  decomposition is as fast.
"""

from typing import Literal

Way = Literal["low-rank", "dense-certified", "gram"]

_SMALL = 256
_SMALL_FOR_HIGH_RANK = 384
_LOW_RANK_SHARE = 6  # of the smaller side
_LEADING_SHARE = 16
_SMALL_BASE = 1024
_CACHELESS_VERSIONS = 4
_SINGLE_SIDE = 1024
_SINGLE_RANK = 128
_SINGLE_DECISIONS = 100


def choose_way(smaller_side: int, rank: int | None, k: int) -> Way:
    """Choose for a matrix of this smaller side, an update of `rank` (None: dense), k vectors."""
    if smaller_side <= _SMALL or k * _LEADING_SHARE > smaller_side:
        return "gram"
    if rank is not None and rank * _LOW_RANK_SHARE <= smaller_side:
        return "low-rank"
    if rank is not None and smaller_side <= _SMALL_FOR_HIGH_RANK:
        return "gram"
    return "dense-certified"


def single_precision_pays(smaller_side: int, rank: int, decisions: int) -> bool:
    """Say whether to project updates of this total rank in single precision first.

    `decisions` are made of each update (vectors times ε): the wider bounds leave one of them open
    the more often, and then the projection is made again.
    """
    return smaller_side >= _SINGLE_SIDE and rank >= _SINGLE_RANK and decisions <= _SINGLE_DECISIONS


def decompose_base(smaller_side: int, versions: int, k: int, cached: bool) -> bool:
    """Say whether to decompose the base of a matrix, rather than go the cacheless way.

    `versions` are compared with it; `cached` says that the decomposition exists or is to be kept.
    """
    small = smaller_side <= _SMALL_BASE or k * _LEADING_SHARE > smaller_side
    return cached or small or versions > _CACHELESS_VERSIONS
