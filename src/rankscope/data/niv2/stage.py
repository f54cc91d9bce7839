"""The data stage for instruction tuning: collections, test sets and mixtures as tables.

Guarantees: `write_tasks` reads a collection once into parquet, one task at a time; `write_draws`
draws a mixture or a test set from that table and renders its prompts. Beside every `rows.parquet`
lies the manifest `run.json`, and beside that what a person should see: problems, shortages,
category proportions. Equal specs give equal bits.

    <tasks>/rows.parquet       task, category, split, instance, sha256, text, references
    <tasks>/tasks.parquet      task, category, split, definition, instances, options
    <tasks>/problems.parquet   task, split, what, reason, instances, detail
    <mixture>/rows.parquet     see ROWS      <mixture>/shortages.parquet  see SHORTAGES
    <mixture>/proportions.parquet, proportions.html
    <test set>/rows.parquet    see ROWS      <test set>/shortages.parquet
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts.manifest import Manifest, manifest
from rankscope.artefacts.reading import exists, read_parquet, scan_parquet
from rankscope.data.niv2.made import made_tasks
from rankscope.data.niv2.proportions import proportions, proportions_page
from rankscope.data.niv2.sampling import (
    Candidate,
    Drawn,
    TaskPool,
    draw_inter_test,
    draw_intra_test,
    draw_training,
    drawn_reference,
    nested_tasks,
)
from rankscope.data.niv2.source import checkout_commit, read_tasks
from rankscope.data.niv2.tables import ROWS, draw_table, shortage_table, tabulated
from rankscope.data.niv2.tasks import TaskSplit, label_of
from rankscope.errors import ArtefactError, DataError
from rankscope.progress import Progress
from rankscope.records.instructions import MadeTasks, Mixture, Niv2Mirror, Niv2Tasks, TestSet
from rankscope.text.prompts import render

logger = logging.getLogger(__name__)

# --- collections ----------------------------------------------------------------------------------


def write_tasks(spec: Niv2Tasks | Niv2Mirror | MadeTasks, folder: Path) -> None:
    """Read a collection into `folder`: rows, tasks and problems.

    Raises:
        DataError: the source is missing or malformed as a whole, or a split has no usable task.
    """
    with manifest(folder / "run.json", "data", spec.name, spec.canonical()) as record:
        found = made_tasks(spec) if isinstance(spec, MadeTasks) else read_tasks(spec)
        instances, tasks, problems = tabulated(found)
        for split in ("train", "test"):
            if not tasks.filter(pl.col("split") == split).height:
                raise DataError(
                    f"{spec.name}: no usable {split} task; what was left out, and why: "
                    + _summary(problems)
                )
        tables = {"rows": instances, "tasks": tasks, "problems": problems}
        _write_tables(tables, folder, record)
        if isinstance(spec, Niv2Tasks):
            record.inputs["commit"] = checkout_commit(Path(spec.path)) or "no git checkout"
        record.results = _counts(tasks) | {"problems": _reasons(problems)}
        logger.info(
            "%s: %d training tasks and %d test tasks loaded; left out or noted: %s",
            *(spec.name, record.results["training_tasks"], record.results["test_tasks"]),
            _summary(problems),
        )
        if shared := record.results["categories_in_both_splits"]:
            logger.warning(
                "%s: %s has training and test tasks: the inter-task test set is not of unseen"
                " categories alone",
                *(spec.name, ", ".join(shared)),
            )


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


# --- mixtures and test sets -----------------------------------------------------------------------


def write_draws(spec: Mixture | TestSet, tasks: Path, folder: Path) -> None:
    """Draw a mixture or a test set from the collection in folder `tasks`, into `folder`.

    Raises:
        ArtefactError: the collection is not there.
        DataError: the collection has too few tasks, or nothing is left to train on.
    """
    if not exists(tasks / "tasks.parquet"):
        raise ArtefactError(
            f"{tasks}: the task collection {spec.tasks.name} is missing; make it first with"
            f" `rankscope data rows {spec.tasks.name} --study …`"
        )
    with manifest(folder / "run.json", "data", spec.name, spec.canonical()) as record:
        pools = read_pools(tasks)
        label = spec.label(len(pools["train"])) if isinstance(spec, Mixture) else None
        drawn = draw_mixture(spec, pools) if isinstance(spec, Mixture) else draw_test(spec, pools)
        if isinstance(spec, Mixture):
            _say_what_is_untrained(spec, drawn)
        tables = {
            "rows": rendered(spec, label, drawn, tasks),
            "shortages": shortage_table(spec.sampling_seed, label, drawn),
        }
        if isinstance(spec, Mixture):
            size = len(pools["train"]) if spec.size == "all" else spec.size
            shares = proportions(pools["train"], drawn.draws, size, spec.examples_per_task)
            tables["proportions"] = shares
            page = record.file(folder / "proportions.html")
            page.write_text(_page(spec, label or "", drawn, shares), "utf-8")
        _write_tables(tables, folder, record)
        record.results = {
            "label": label,
            "tasks": len({draw.task for draw in drawn.draws}),
            "rows": len(drawn.draws),
            "tasks_short": len(drawn.shortages),
        }
        logger.info(
            "%s (%s): %d rows of %d tasks; %d tasks fell short",
            *(spec.name, label or "test", len(drawn.draws), record.results["tasks"]),
            len(drawn.shortages),
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


def _write_tables(tables: dict[str, pl.DataFrame], folder: Path, record: Manifest) -> None:
    """Write each table under its name."""
    for name, table in tables.items():
        record.parquet(folder / f"{name}.parquet", table)


def read_pools(tasks: Path) -> dict[TaskSplit, tuple[TaskPool, ...]]:
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


def draw_test(spec: TestSet, pools: dict[TaskSplit, tuple[TaskPool, ...]]) -> Drawn:
    """Draw the items of a test set."""
    if spec.tasks_tested is None or spec.sampling_seed is None:
        return draw_inter_test(pools["test"], spec.examples_per_task)
    (names,) = nested_tasks(pools["train"], (spec.tasks_tested,), spec.sampling_seed)
    chosen = _named(pools["train"], names)
    return draw_intra_test(chosen, spec.examples_per_task, spec.sampling_seed)


def draw_mixture(spec: Mixture, pools: dict[TaskSplit, tuple[TaskPool, ...]]) -> Drawn:
    """Draw the training examples of a mixture, after both of its test sets."""
    tested = [draw_test(spec.test_set(kind), pools) for kind in ("intra", "inter")]
    chosen = pools["train"]
    mixtures = nested_tasks(pools["train"], spec.chain, spec.sampling)
    if spec.size != "all":
        chosen = _named(pools["train"], mixtures[-1])
    return draw_training(
        chosen,
        spec.examples_per_task,
        spec.sampling,
        forbidden=frozenset().union(*(test.texts for test in tested)),
        with_replacement=spec.with_replacement,
    )


def _named(pools: Iterable[TaskPool], names: Iterable[str]) -> tuple[TaskPool, ...]:
    wanted = set(names)
    return tuple(pool for pool in pools if pool.name in wanted)


def rendered(spec: Mixture | TestSet, label: str | None, drawn: Drawn, tasks: Path) -> pl.DataFrame:
    """Join the draws with their texts and render them; `target` is null in a test set."""
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
        targets.append(_target(spec, row))
        progress.advance()
    return joined.with_columns(
        sampling_seed=pl.lit(spec.sampling_seed, pl.Int64),
        mixture=pl.lit(label, pl.String),
        split=pl.lit("train" if isinstance(spec, Mixture) else spec.kind),
        prompt=pl.Series(prompts, dtype=pl.String),
        target=pl.Series(targets, dtype=pl.String),
    ).select(pl.col(name).cast(dtype) for name, dtype in ROWS.items())


def _target(spec: Mixture | TestSet, row: dict[str, Any]) -> str | None:
    """Return the reference that is trained on; None for a test item."""
    if isinstance(spec, TestSet):
        return None
    identity = (row["task"], row["instance"], row["draw"])
    return drawn_reference(row["references"], spec.sampling, *identity)


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
