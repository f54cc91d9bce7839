"""Packing examples of different lengths into bins of a token budget.

Guarantees: every example lies in exactly one bin, whole; no bin holds more than the budget; the
result depends on the lengths and their order alone. Best fit decreasing: longest first, each into
the fullest bin that still has room, which needs at most 11/9 of the fewest bins possible, plus one
(Johnson 1973). Bins come out longest example first: whoever trains on them shuffles them. Not here:
attention that respects the borders between examples in a bin (`train`).
"""

from bisect import bisect_left, insort
from collections.abc import Sequence

from rankscope.errors import DataError


def pack_bins(lengths: Sequence[int], budget: int) -> tuple[tuple[int, ...], ...]:
    """Pack examples of the given lengths (tokens, at least 1) into bins of `budget` tokens.

    Returns the positions of the examples in each bin, ascending. Time: n log n comparisons for n
    examples.

    Raises:
        DataError: an example is longer than the budget, or has no token.
    """
    for position, length in enumerate(lengths):
        if not 0 < length <= budget:
            raise DataError(
                f"example {position} has {length} tokens, but a bin holds 1 to {budget};"
                " truncate it or raise the budget"
            )
    bins: list[list[int]] = []
    room: list[tuple[int, int]] = []
    for position in sorted(range(len(lengths)), key=lambda position: -lengths[position]):
        fullest = bisect_left(room, (lengths[position], -1))
        if fullest == len(room):
            left, number = budget, len(bins)
            bins.append([])
        else:
            left, number = room.pop(fullest)
        bins[number].append(position)
        if left > lengths[position]:
            insort(room, (left - lengths[position], number))
    return tuple(tuple(sorted(content)) for content in bins)
