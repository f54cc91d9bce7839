"""Made tasks as a collection."""

from rankscope.data.kinds.made_tasks import content
from rankscope.data.niv2.made import RECIPES
from rankscope.records.instructions import MadeTasks


def test_every_recipe_is_a_task_with_what_was_asked_of_instances():
    made = content(MadeTasks(source="made-tasks", instances_per_task=20), ())
    assert made.tables["tasks"].height == len(RECIPES)
    assert set(made.tables["tasks"]["instances"]) == {20}
    assert made.tables["problems"].is_empty()
    assert made.results["categories_in_both_splits"] == []
