"""Small tasks that rankscope makes itself."""

from pathlib import Path

from rankscope.data.content import Content
from rankscope.data.niv2.collections import collection_content
from rankscope.data.niv2.made import made_tasks
from rankscope.records.instructions import MadeTasks


def content(spec: MadeTasks, made_from: tuple[Path, ...]) -> Content:
    """Make the tasks and read them the way published ones are.

    Raises:
        DataError: a task has fewer different inputs than `instances_per_task`.
    """
    del made_from
    return collection_content(spec.name, made_tasks(spec))
