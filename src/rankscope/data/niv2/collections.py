"""A collection of tasks as tables: what all its sources have in common.

Guarantees: one task at a time is in memory as Python objects; what was left out, and why, stands in
a table beside the rows.

    rows      task, category, split, instance, sha256, text, references
    tasks     task, category, split, definition, instances, options
    problems  task, split, what, reason, instances, detail
"""

import logging
from collections.abc import Iterable
from typing import Any

import polars as pl

from rankscope.data.content import Content
from rankscope.data.niv2.tables import tabulated
from rankscope.data.niv2.tasks import Problem, Task
from rankscope.errors import DataError

logger = logging.getLogger(__name__)


def collection_content(name: str, found: Iterable[Task | Problem]) -> Content:
    """Tabulate the tasks of the collection `name`.

    Raises:
        DataError: the source is missing or malformed as a whole, or a split has no usable task.
    """
    instances, tasks, problems = tabulated(iter(found))
    for split in ("train", "test"):
        if not tasks.filter(pl.col("split") == split).height:
            raise DataError(
                f"{name}: no usable {split} task; what was left out, and why: " + _summary(problems)
            )
    results = _counts(tasks) | {"problems": _reasons(problems)}
    logger.info(
        "%s: %d training tasks and %d test tasks loaded; left out or noted: %s",
        *(name, results["training_tasks"], results["test_tasks"]),
        _summary(problems),
    )
    if shared := results["categories_in_both_splits"]:
        logger.warning(
            "%s: %s has training and test tasks: the inter-task test set is not of unseen"
            " categories alone",
            *(name, ", ".join(shared)),
        )
    return Content(instances, results, tables={"tasks": tasks, "problems": problems})


def _counts(tasks: pl.DataFrame) -> dict[str, Any]:
    training, test = tasks.filter(split="train"), tasks.filter(split="test")
    return {
        "training_tasks": training.height,
        "test_tasks": test.height,
        "categories_in_both_splits": sorted(set(training["category"]) & set(test["category"])),
        "categories": tasks["category"].n_unique(),
        "classification_tasks": tasks.height - tasks["options"].null_count(),
        "instances": int(tasks["instances"].sum()),
    }


def _reasons(problems: pl.DataFrame) -> dict[str, int]:
    counted = problems.group_by("what", "reason").len().sort("what", "reason")
    return {f"{what}: {reason}": count for what, reason, count in counted.iter_rows()}


def _summary(problems: pl.DataFrame) -> str:
    parts = [f"{what} ({count} tasks)" for what, count in _reasons(problems).items()]
    return "; ".join(parts) or "nothing"
