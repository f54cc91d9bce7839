"""What is drawn from a collection of tasks, as tables: common to mixtures and test sets.

Guarantees: the draws are those of `sampling`; their prompts are rendered from the collection's
tables; equal specs give equal bits.

    rows       see tables.ROWS; `target` is null in a test set
    shortages  see tables.SHORTAGES
"""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts.reading import exists, read_parquet, scan_parquet
from rankscope.data.content import Content
from rankscope.data.niv2.sampling import (
    Candidate,
    Drawn,
    TaskPool,
    draw_inter_test,
    draw_intra_test,
    nested_tasks,
)
from rankscope.data.niv2.tables import ROWS, draw_table, shortage_table
from rankscope.data.niv2.tasks import TaskSplit, label_of
from rankscope.errors import ArtefactError
from rankscope.progress import Progress
from rankscope.records.instructions import Mixture, TestSet
from rankscope.text.prompts import render

logger = logging.getLogger(__name__)

Pools = dict[TaskSplit, tuple[TaskPool, ...]]
Target = Callable[[dict[str, Any]], str | None]
"""What is trained on, given a row of the draws; None for a test item."""


def collection_folder(spec: Mixture | TestSet, made_from: tuple[Path, ...]) -> Path:
    """Return the folder of the collection whose rows are given.

    Raises:
        ArtefactError: the collection is not there.
    """
    (rows,) = made_from
    if not exists(rows.with_name("tasks.parquet")):
        raise ArtefactError(
            f"{rows.parent}: the task collection {spec.tasks.name} is missing; make it first with"
            f" `rankscope data rows {spec.tasks.name} --study …`"
        )
    return rows.parent


def read_pools(tasks: Path) -> Pools:
    """Return what sampling chooses from, in the order of the collection."""
    needed = ["task", "category", "split", "instance", "sha256", "references"]
    instances = read_parquet(tasks / "rows.parquet", columns=needed)
    labelled = {
        task
        for task, options in read_parquet(tasks / "tasks.parquet")
        .select("task", "options")
        .iter_rows()
        if options is not None
    }
    pools: dict[TaskSplit, list[TaskPool]] = {"train": [], "test": []}
    for group in instances.partition_by("task", maintain_order=True):
        task, category, split = group.select("task", "category", "split").row(0)
        columns = group.select("instance", "sha256", "references")
        candidates = tuple(
            Candidate(instance, sha256, label_of(references[0]) if task in labelled else None)
            for instance, sha256, references in columns.iter_rows()
        )
        pools[split].append(TaskPool(task, category, candidates))
    return {split: tuple(listed) for split, listed in pools.items()}


def draw_test(spec: TestSet, pools: Pools) -> Drawn:
    """Draw the items of a test set."""
    if spec.tasks_tested is None or spec.sampling_seed is None:
        return draw_inter_test(pools["test"], spec.examples_per_task)
    (names,) = nested_tasks(pools["train"], (spec.tasks_tested,), spec.sampling_seed)
    chosen = named_pools(pools["train"], names)
    return draw_intra_test(chosen, spec.examples_per_task, spec.sampling_seed)


def named_pools(pools: Iterable[TaskPool], names: Iterable[str]) -> tuple[TaskPool, ...]:
    """Return the tasks with these names, in the order of the collection."""
    wanted = set(names)
    return tuple(pool for pool in pools if pool.name in wanted)


def draw_content(
    spec: Mixture | TestSet,
    drawn: Drawn,
    tasks: Path,
    split: str,
    label: str | None = None,
    target: Target = lambda row: None,
) -> Content:
    """Tabulate draws from the collection in folder `tasks`; `label` is what a mixture is called."""
    results = {
        "label": label,
        "tasks": len({draw.task for draw in drawn.draws}),
        "rows": len(drawn.draws),
        "tasks_short": len(drawn.shortages),
    }
    logger.info(
        "%s (%s): %d rows of %d tasks; %d tasks fell short",
        *(spec.name, label or "test", len(drawn.draws), results["tasks"]),
        len(drawn.shortages),
    )
    return Content(
        rendered(spec, drawn, tasks, split, label, target),
        results,
        tables={"shortages": shortage_table(spec.sampling_seed, label, drawn)},
    )


def rendered(
    spec: Mixture | TestSet,
    drawn: Drawn,
    tasks: Path,
    split: str,
    label: str | None,
    target: Target,
) -> pl.DataFrame:
    """Join the draws with their texts and render them."""
    instances = scan_parquet(tasks / "rows.parquet").select(
        "task", "instance", "text", "references"
    )
    definitions = scan_parquet(tasks / "tasks.parquet").select("task", "definition", "options")
    joined = (
        draw_table(drawn)
        .lazy()
        .join(instances, on=["task", "instance"], how="left", maintain_order="left")
        .join(definitions, on="task", how="left", maintain_order="left")
        .collect()
    )
    progress = Progress(f"{spec.name}: prompts", joined.height)
    prompts, targets = [], []
    for row in joined.iter_rows(named=True):
        prompts.append(str(render(spec.template, row["definition"], row["text"])))
        targets.append(target(row))
        progress.advance()
    return joined.with_columns(
        sampling_seed=pl.lit(spec.sampling_seed, pl.Int64),
        mixture=pl.lit(label, pl.String),
        split=pl.lit(split),
        prompt=pl.Series(prompts, dtype=pl.String),
        target=pl.Series(targets, dtype=pl.String),
    ).select(pl.col(name).cast(dtype) for name, dtype in ROWS.items())
