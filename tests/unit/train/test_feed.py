"""How many steps a recipe takes on how much data; every feed is a module."""

import inspect
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

from rankscope.errors import DataError
from rankscope.records.data import TrainingSpec
from rankscope.records.recipes import Recipe
from rankscope.train import feeds
from rankscope.train.feed import total_steps


def test_every_way_of_training_has_a_feed():
    (folder,) = feeds.__path__
    modules = {path.stem for path in Path(folder).glob("*.py")} - {"__init__"}
    assert modules == {record.trained_as for record in get_args(get_args(TrainingSpec)[0])}
    for module in modules:
        feed = import_module(f"{feeds.__name__}.{module}").feed
        assert [*inspect.signature(feed).parameters] == ["run", "packed", "base"]


# the multi-task paper: 100 examples of each of 100/250/500/757 tasks, 6 epochs, batches of 128
@pytest.mark.parametrize(
    ("rows", "steps"), [(10_000, 469), (25_000, 1172), (50_000, 2344), (75_700, 3548)]
)
def test_epochs_give_the_paper_s_steps(rows: int, steps: int) -> None:
    assert total_steps(Recipe(learning_rate=1e-4, epochs=6.0, batch_size=128), rows) == steps


def test_steps_are_taken_as_given() -> None:
    assert total_steps(Recipe(learning_rate=1e-4, steps=17, batch_size=4), 5) == 17


def test_less_data_than_a_batch_is_refused_with_the_way_out() -> None:
    with pytest.raises(DataError, match=r"fill 3 sequences of 256 tokens.*batch of 16.*smaller"):
        total_steps(Recipe(learning_rate=1e-4, steps=1), 3)
