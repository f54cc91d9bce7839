"""The tables of instruction-tuning data have their columns also where nothing is in them."""

import polars as pl
import pytest

from rankscope.data.niv2.made import made_tasks
from rankscope.data.niv2.sampling import Draw, Drawn, Shortage
from rankscope.data.niv2.tables import (
    DRAWS,
    INSTANCES,
    PROBLEMS,
    SHORTAGES,
    TASKS,
    draw_table,
    shortage_table,
    tabulated,
)
from rankscope.data.niv2.tasks import Problem, Task
from rankscope.records.instructions import MadeTasks

NOTHING = Drawn((), ())


@pytest.mark.parametrize(
    ("table", "schema"),
    [
        (tabulated(iter(()))[0], INSTANCES),
        (tabulated(iter(()))[1], TASKS),
        (tabulated(iter(()))[2], PROBLEMS),
        (draw_table(NOTHING), DRAWS),
        (shortage_table(None, None, NOTHING), SHORTAGES),
    ],
    ids=["instances", "tasks", "problems", "draws", "shortages"],
)
def test_an_empty_table_has_its_columns(table: pl.DataFrame, schema: pl.Schema) -> None:
    assert table.is_empty()
    assert table.schema == schema


def test_tasks_and_problems_are_told_apart_in_the_order_in_which_they_are_found() -> None:
    spec = MadeTasks(source="made-tasks", instances_per_task=20)
    tasks = [task for task in made_tasks(spec) if isinstance(task, Task)][:3]
    problem = Problem("task\ud800", "train", "task left out", "missing")
    instances, listed, problems = tabulated(iter([tasks[0], problem, *tasks[1:]]))
    assert listed["task"].to_list() == [task.name for task in tasks]
    assert listed["instances"].to_list() == [20, 20, 20]
    assert instances["instance"].to_list() == [i.id for task in tasks for i in task.instances]
    assert instances["references"].to_list() == [
        [*i.references] for task in tasks for i in task.instances
    ]
    assert problems["task"].to_list() == [r"task\ud800"], "what no file can hold is written out"


def test_draws_and_shortages_are_rows_of_their_fields() -> None:
    drawn = Drawn((Draw("t", "c", "i", "h", 1),), (Shortage("train", "t", "c", 5, 1, 2),))
    assert draw_table(drawn).rows() == [("t", "c", "i", "h", 1)]
    table = shortage_table(3, "T9", drawn)
    assert table.schema == SHORTAGES
    assert table.rows() == [(3, "T9", "train", "t", "c", 5, 1, 2)]
