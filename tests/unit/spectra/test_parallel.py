"""Pieces of work side by side: in order, each prepared before its turn.

The work is a function of the standard library, because a new process must be able to import it,
and test modules are on no import path.
"""

import math
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from rankscope.spectra.parallel import run_all
from rankscope.weights.tensor_files import read_header


def test_results_come_in_order_whatever_the_number_of_workers():
    for workers in (1, 3):
        roots = list(run_all(math.isqrt, [n * n for n in range(7)], workers, "taking roots"))
        assert roots == list(range(7))
    assert list(run_all(math.isqrt, [], 2, "taking roots")) == []


def test_one_process_prepares_the_next_item_before_it_works_on_one():
    events = []

    def work(item: int) -> None:
        events.append(("work", item))

    list(run_all(work, range(3), 1, "working", lambda item: events.append(("prepare", item))))
    # nothing is gained by preparing the first
    assert events == [("prepare", 1), ("work", 0), ("prepare", 2), ("work", 1), ("work", 2)]


def test_several_processes_have_each_item_prepared_once_and_few_ahead():
    prepared: list[int] = []
    ahead = []
    squares = [n * n for n in range(9)]
    for root in run_all(math.isqrt, squares, 2, "taking roots", prepared.append):
        ahead.append(len(prepared) - root)
    assert prepared == squares
    assert max(ahead) == 2 * 2


def test_a_failure_reaches_the_caller():
    with pytest.raises(TypeError):
        list(run_all(math.isqrt, ["a", "b"], 2, "taking roots"))


def test_what_is_read_ahead_reads_the_same(tmp_path: Path):
    values = np.arange(12.0).reshape(3, 4)
    save_file({"w": values}, tmp_path / "w.safetensors")
    (tensor,) = read_header(tmp_path / "w.safetensors").values()
    tensor.read_ahead()
    np.testing.assert_array_equal(tensor.read(), values)
