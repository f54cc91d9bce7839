"""Training examples of some tasks of a collection, drawn after both of their test sets.

Guarantees: no example is a test item, of either test set; the shares of the categories stand beside
the rows, as a table and as a page (`proportions`).
"""

import logging
from dataclasses import replace
from pathlib import Path

import polars as pl

from rankscope.data.content import Content
from rankscope.data.niv2.draws import (
    Pools,
    collection_folder,
    draw_content,
    draw_test,
    named_pools,
    read_pools,
)
from rankscope.data.niv2.proportions import proportions, proportions_page
from rankscope.data.niv2.sampling import Drawn, draw_training, drawn_reference, nested_tasks
from rankscope.errors import DataError
from rankscope.records.instructions import Mixture

logger = logging.getLogger(__name__)


def content(spec: Mixture, made_from: tuple[Path, ...]) -> Content:
    """Draw the examples and render their prompts.

    Raises:
        ArtefactError: the collection is not there.
        DataError: it has too few tasks, or nothing is left to train on.
    """
    tasks = collection_folder(spec, made_from)
    pools = read_pools(tasks)
    label = spec.label(len(pools["train"]))
    drawn = draw_mixture(spec, pools)
    _say_what_is_untrained(spec, drawn)
    drawn_content = draw_content(
        spec,
        drawn,
        tasks,
        split="train",
        label=label,
        target=lambda row: drawn_reference(
            row["references"], spec.sampling, row["task"], row["instance"], row["draw"]
        ),
    )
    size = len(pools["train"]) if spec.size == "all" else spec.size
    shares = proportions(pools["train"], drawn.draws, size, spec.examples_per_task)
    return replace(
        drawn_content,
        tables={**drawn_content.tables, "proportions": shares},
        pages={"proportions": _page(spec, label, drawn, shares)},
    )


def draw_mixture(spec: Mixture, pools: Pools) -> Drawn:
    """Draw the training examples of a mixture, after both of its test sets."""
    tested = [draw_test(spec.test_set(kind), pools) for kind in ("intra", "inter")]
    chosen = pools["train"]
    mixtures = nested_tasks(pools["train"], spec.chain, spec.sampling)
    if spec.size != "all":
        chosen = named_pools(pools["train"], mixtures[-1])
    return draw_training(
        chosen,
        spec.examples_per_task,
        spec.sampling,
        forbidden=frozenset().union(*(test.texts for test in tested)),
        with_replacement=spec.with_replacement,
    )


def _say_what_is_untrained(spec: Mixture, drawn: Drawn) -> None:
    """Name the tasks without any training example: they are tested as seen ones all the same.

    Raises:
        DataError: no task has one.
    """
    untrained = [shortage.task for shortage in drawn.shortages if not shortage.obtained]
    if not drawn.draws:
        raise DataError(
            f"{spec.name}: none of the {len(untrained)} tasks has a training example beside the"
            f" {spec.test_examples_per_task} test items of a task; lower `test_examples_per_task`,"
            " or take tasks with more instances"
        )
    if untrained:
        logger.warning(
            "%s: %d tasks have no training example beside their test items: %s; a larger"
            " `minimum_instances` leaves such tasks out",
            *(spec.name, len(untrained), ", ".join(untrained)),
        )


def _page(spec: Mixture, label: str, drawn: Drawn, table: pl.DataFrame) -> str:
    notes = {
        "Task collection": spec.tasks.name,
        "Sampling seed": spec.sampling_seed,
        "Examples asked for per task": spec.examples_per_task,
        "Rows": len(drawn.draws),
        "Tasks that fell short": len(drawn.shortages),
        "Largest distance from a category's share, in tasks": round(
            max(
                abs(asked - obtained)
                for asked, obtained in table.select("asked_tasks", "obtained_tasks").iter_rows()
            ),
            3,
        ),
    }
    return proportions_page(f"Category proportions of {label}", notes, table)
