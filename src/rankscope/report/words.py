"""Words that several chapters and the page have in common: computed from tables, in short lines."""

from collections.abc import Sequence

import polars as pl

from rankscope.records.keys import NOT_TRAINED
from rankscope.report.evidence.tables import Tables
from rankscope.report.numbers import number


def with_interval(value: float, low: float | None, high: float | None) -> str:
    """Write a value with its interval: `0.45 [0.43, 0.47]`."""
    if low is None or high is None:
        return number(value)
    return f"{number(value)} [{number(low)}, {number(high)}]"


def together(methods: Sequence[str]) -> str:
    """Name methods in one breath: `LoRA r=1, r=4 and r=16`, or each in full where they differ."""
    noun = "LoRA "
    alike = all(method.startswith(noun) for method in methods)
    names = [method.removeprefix(noun) if alike else method for method in methods]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
    return noun + listed if alike else listed


def in_order(found: dict[str, str], order: list[str]) -> str:
    """Write what was found of each condition: `Full 1.2 · LoRA r=4 1.1`."""
    return " · ".join(f"{label} {found[label]}" for label in order if label in found)


def on_one_set(tables: Tables) -> str:
    """The beginning of a line on the headline training set, where the study has several."""
    sets = tables.runs["trained_on"].drop_nulls().unique()
    return f"trained on {tables.evidence.headline_set}: " if len(sets) > 1 else ""


def status_line(runs: pl.DataFrame) -> str:
    """How many runs finished, and which did not."""
    trained = runs.filter(~pl.col("family").is_in(NOT_TRAINED))
    done = trained.filter(pl.col("status") == "done")
    line = f"{len(done)} of {len(trained)} runs finished"
    unfinished = [
        _unfinished(row) for row in trained.filter(pl.col("status") != "done").iter_rows(named=True)
    ]
    return "; ".join([line, *unfinished])


def _unfinished(row: dict[str, object]) -> str:
    where = f" at step {row['diverged_at']}" if row["diverged_at"] is not None else ""
    status = str(row["status"]).replace("-", " ")
    return f"{row['condition']}, seed {row['seed']}: {status}{where}"
