"""The tables of the instruction-tuning data: their columns, and how they are filled.

Guarantees: every table has its schema also when it is empty.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import polars as pl

from rankscope.data.niv2.sampling import Drawn
from rankscope.data.niv2.tasks import Problem, Task

INSTANCES = pl.Schema(
    {
        "task": pl.String(),
        "category": pl.String(),
        "split": pl.String(),
        "instance": pl.String(),
        "sha256": pl.String(),
        "text": pl.String(),
        "references": pl.List(pl.String()),
    }
)
TASKS = pl.Schema(
    {
        "task": pl.String(),
        "category": pl.String(),
        "split": pl.String(),
        "definition": pl.String(),
        "instances": pl.Int64(),
        "options": pl.List(pl.String()),
    }
)
PROBLEMS = pl.Schema(
    {
        "task": pl.String(),
        "split": pl.String(),
        "what": pl.String(),
        "reason": pl.String(),
        "instances": pl.Int64(),
        "detail": pl.String(),
    }
)
ROWS = pl.Schema(
    {
        "sampling_seed": pl.Int64(),
        "mixture": pl.String(),
        "split": pl.String(),
        "task": pl.String(),
        "category": pl.String(),
        "instance": pl.String(),
        "draw": pl.Int64(),
        "sha256": pl.String(),
        "definition": pl.String(),
        "text": pl.String(),
        "prompt": pl.String(),
        "target": pl.String(),
        "references": pl.List(pl.String()),
        "options": pl.List(pl.String()),
    }
)
SHORTAGES = pl.Schema(
    {
        "sampling_seed": pl.Int64(),
        "mixture": pl.String(),
        "split": pl.String(),
        "task": pl.String(),
        "category": pl.String(),
        "asked": pl.Int64(),
        "obtained": pl.Int64(),
        "forbidden": pl.Int64(),
    }
)
DRAWS = pl.Schema({name: ROWS[name] for name in ("task", "category", "instance", "sha256", "draw")})


def tabulated(
    found: Iterator[Task | Problem],
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return the tables of instances, tasks and problems."""
    instances = [pl.DataFrame(schema=INSTANCES)]
    tasks: list[dict[str, Any]] = []
    problems: list[dict[str, Any]] = []
    for item in found:
        if isinstance(item, Problem):
            problems.append({key: _storable(value) for key, value in asdict(item).items()})
            continue
        common = {"task": item.name, "category": item.category, "split": item.split}
        instances.append(
            pl.DataFrame(
                [
                    common
                    | {"instance": i.id, "sha256": i.sha256, "text": i.text}
                    | {"references": list(i.references)}
                    for i in item.instances
                ],
                schema=INSTANCES,
            )
        )
        options = list(item.options) if item.options else None
        tasks.append(
            common
            | {"definition": item.definition, "instances": len(item.instances), "options": options}
        )
    return (
        pl.concat(instances),
        pl.DataFrame(tasks, schema=TASKS),
        pl.DataFrame(problems, schema=PROBLEMS),
    )


def _storable(value: Any) -> Any:
    """Write out what is no valid Unicode: a problem may quote it, or be the name of its file."""
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


def draw_table(drawn: Drawn) -> pl.DataFrame:
    """Tabulate what was drawn, in its order."""
    rows = [(d.task, d.category, d.id, d.sha256, d.draw) for d in drawn.draws]
    return pl.DataFrame(rows, schema=DRAWS, orient="row")


def shortage_table(seed: int | None, label: str | None, drawn: Drawn) -> pl.DataFrame:
    """Tabulate the tasks that gave fewer instances than asked for."""
    return pl.DataFrame(
        [{"sampling_seed": seed, "mixture": label} | asdict(s) for s in drawn.shortages],
        schema=SHORTAGES,
    )
