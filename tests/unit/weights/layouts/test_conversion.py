"""Sheets: what is said of rows and columns is what numpy makes of the arrays themselves."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankscope.weights.layouts.conversion import (
    Sheet,
    UnfollowedError,
    _applied,
    from_file,
    joined,
)

FILE = {
    "a": np.arange(24.0).reshape(4, 6),
    "b": 100 + np.arange(24.0).reshape(4, 6),
    "experts": np.arange(60.0).reshape(3, 4, 5),
}


def made(held):
    """Put the array together that a sheet, or a stack of them, describes."""
    if not isinstance(held, Sheet):
        return np.stack([made(sheet) for sheet in held])
    parts = []
    for strip in held.strips:
        stored = FILE[strip.tensor]
        stored = stored if strip.expert is None else stored[strip.expert]
        stored = stored.T if strip.flipped else stored
        parts.append(stored[np.ix_(list(strip.rows), list(strip.columns))])
    return np.concatenate(parts, axis=held.axis)


def sheet(name):
    return from_file(name, FILE[name].shape)


cuts = st.tuples(st.integers(0, 1), st.integers(0, 7), st.integers(0, 9), st.integers(1, 3))


@given(st.booleans(), st.lists(cuts, max_size=3), st.booleans())
def test_cutting_and_turning_are_those_of_arrays(join, parts, turn):
    held = joined([sheet("a"), sheet("b")], 1) if join else sheet("a")
    array = np.concatenate([FILE["a"], FILE["b"]], 1) if join else FILE["a"]
    for axis, start, length, step in parts:
        stop = min(start + length, array.shape[axis])
        if start >= stop or (len(held.strips) > 1 and step > 1 and axis == held.axis):
            continue
        held = held.cut(axis, start, stop, step)
        array = array[start:stop:step] if axis == 0 else array[:, start:stop:step]
        if turn:
            held, array = held.transposed(), array.T
    np.testing.assert_array_equal(made(held), array)
    assert (held.size(0), held.size(1)) == array.shape


def apply(kind, current, targets=("t",), **settings):
    operation = type(kind, (), settings)()
    found = _applied(operation, current, list(targets), "t", settings.get("model"))
    return {name: [made(each) for each in held] for name, held in found.items()}


def test_a_list_of_experts_is_stacked_and_stacks_are_joined_expert_by_expert():
    found = apply("MergeModulelist", {"x": [sheet("a"), sheet("b")]}, dim=0)
    np.testing.assert_array_equal(found["x"][0], np.stack([FILE["a"], FILE["b"]]))
    both = {"x": [sheet("experts")], "y": [sheet("experts")]}
    for dim in (0, 1, 2):
        (together,) = apply("Concatenate", both, dim=dim)["t"]
        np.testing.assert_array_equal(
            together, np.concatenate([FILE["experts"], FILE["experts"]], dim)
        )


def test_chunks_are_halves_and_interleaved_rows_come_in_two_blocks():
    found = apply("Chunk", {"x": [sheet("a")]}, ("one", "two"), dim=0)
    np.testing.assert_array_equal(found["one"][0], FILE["a"][:2])
    np.testing.assert_array_equal(found["two"][0], FILE["a"][2:])
    (rows,) = apply("Interleave", {"x": [sheet("a")]}, dim=0, inverse=False)["x"]
    np.testing.assert_array_equal(rows, FILE["a"][[0, 2, 1, 3]])


def test_experts_are_transposed_each():
    (found,) = apply(
        "Transpose", {"x": [sheet("experts")]}, dim0=1, dim1=2, check_dims=False
    )["x"]  # fmt: skip
    np.testing.assert_array_equal(found, FILE["experts"].swapaxes(1, 2))


def test_rotary_pairs_become_halves_of_each_head():
    """Two heads of two dimensions: of each, first the even and then the odd rows."""
    model = SimpleNamespace(config=SimpleNamespace(num_attention_heads=1))
    (found,) = apply(
        "PermuteForRope", {"x": [sheet("a")]}, inverse=False, permute_layer_names=None,
        subconfig_key=None, model=model,
    )["x"]  # fmt: skip
    np.testing.assert_array_equal(found, FILE["a"][[0, 2, 1, 3]])


@pytest.mark.parametrize(
    ("kind", "current", "settings"),
    [
        ("SomethingNew", {"x": [sheet("a")]}, {}),
        ("Concatenate", {"x": [sheet("a"), sheet("experts")]}, {"dim": 0}),
        ("Chunk", {"x": [sheet("a"), sheet("b")]}, {"dim": 0}),
        ("Transpose", {"x": [sheet("experts")]}, {"dim0": 0, "dim1": 1, "check_dims": False}),
        ("MergeModulelist", {"x": [sheet("experts")]}, {"dim": 0}),
        ("Interleave", {"x": [sheet("a")]}, {"dim": 0, "inverse": True}),
    ],
)
def test_what_is_not_repeated_here_is_not_guessed(kind, current, settings):
    with pytest.raises(UnfollowedError):
        apply(kind, current, **settings)


def test_tensors_of_other_dimensions_and_joins_along_both_axes_are_not_followed():
    with pytest.raises(UnfollowedError, match="4 dimensions"):
        from_file("kernel", (1, 2, 3, 4))
    wide = joined([sheet("a"), sheet("b")], 1)
    with pytest.raises(UnfollowedError, match="both axes"):
        joined([wide, wide], 0)
    with pytest.raises(UnfollowedError, match="permutation"):
        wide.cut(1, 0, 12, 2)
