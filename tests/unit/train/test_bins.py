"""Bin packing: its promises over random lengths, and one case by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankscope.errors import DataError
from rankscope.train.bins import pack_bins

budgets = st.integers(1, 200)


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[int], int]:
    budget = draw(budgets)
    return draw(st.lists(st.integers(1, budget), max_size=80)), budget


@given(problems())
def test_every_example_once_and_no_bin_over_budget(problem):
    lengths, budget = problem
    packing = pack_bins(lengths, budget)
    assert sorted(p for content in packing for p in content) == list(range(len(lengths)))
    for content in packing:
        assert 0 < sum(lengths[p] for p in content) <= budget
        assert list(content) == sorted(content)


def best_fit_decreasing(lengths: list[int], budget: int) -> int:
    """Count the bins the slow way: try every bin for every example."""
    room: list[int] = []
    for length in sorted(lengths, reverse=True):
        fitting = [number for number, left in enumerate(room) if left >= length]
        if fitting:
            room[min(fitting, key=lambda number: room[number])] -= length
        else:
            room.append(budget - length)
    return len(room)


@given(problems())
def test_it_is_best_fit_decreasing(problem):
    lengths, budget = problem
    packing = pack_bins(lengths, budget)
    assert len(packing) == best_fit_decreasing(lengths, budget)
    fewest = -(-sum(lengths) // budget)
    assert len(packing) >= fewest


@given(problems())
def test_no_two_bins_could_be_one(problem):
    lengths, budget = problem
    sums = sorted(sum(lengths[p] for p in content) for content in pack_bins(lengths, budget))
    assert len(sums) < 2 or sums[0] + sums[1] > budget


@given(problems())
def test_the_same_lengths_give_the_same_bins(problem):
    assert pack_bins(*problem) == pack_bins(*problem)


def test_a_case_by_hand():
    # 7 | 6+4 | 5+5 | 3: the 4 goes to the 6, whose room it fills
    packing = pack_bins([4, 5, 7, 3, 6, 5], budget=10)
    assert packing == ((2, 3), (0, 4), (1, 5))
    assert 10 * len(packing) == 30, "no room is left"


def test_no_examples_make_no_bins():
    assert pack_bins([], 10) == ()


@pytest.mark.parametrize("length", [0, 11])
def test_what_cannot_fit_is_an_error(length):
    with pytest.raises(DataError, match=f"example 1 has {length} tokens, but a bin holds 1 to 10"):
        pack_bins([3, length], 10)


def test_instruction_lengths_pack_tightly():
    lengths = [20 + (n * 7919) % 400 for n in range(5000)]
    assert sum(lengths) > 0.995 * 1152 * len(pack_bins(lengths, 1152))
