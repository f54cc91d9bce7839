"""The answer of a study of task mixtures: one sentence on seen tasks, one on unseen ones.

Guarantees: says that a method scores more only where the interval of the difference excludes zero,
over at least two samplings; otherwise that the data cannot tell. About exact match, after training
on the most tasks of which a run was scored; of several recipes about the best, of several series
about the first, which it names.
"""

from typing import Any

import polars as pl

from rankscope.records.methods import FULL
from rankscope.report.chapters.mixtures.scaling import TESTS, shown_sets
from rankscope.report.numbers import written
from rankscope.report.verdicts.verdict import MINIMUM_SEEDS
from rankscope.report.words import together

METRIC = "exact_match"
NOTHING_YET = "No finished run of this study was scored by exact match: there is no answer to give."
Rows = list[dict[str, Any]]


def mixture_sentences(scores: pl.DataFrame) -> list[str]:
    """Compare LoRA with full fine-tuning on each kind of tests; empty without such tests."""
    asked = scores.filter("shown", "best", pl.col("metric") == METRIC)
    if asked.is_empty():
        return []
    scored = asked.filter(pl.col("mean").is_not_null())
    if scored.is_empty():
        return [NOTHING_YET]
    series = scored["series"][0]
    scored = scored.filter(pl.col("series") == series)
    sets = shown_sets(asked.filter(pl.col("series") == series))
    last = max(map(sets.index, scored["trained_on"].unique()))
    where = f"trained on {sets[last]}"
    where += (
        f" (of {', '.join(sets[last + 1 :])} nothing is scored yet)" if sets[last + 1 :] else ""
    )
    where += f" (series {series})" if series else ""
    rows = scored.filter(pl.col("trained_on") == sets[last])
    return [
        f"On {tested}, {where}, {_compared(listed)}."
        for kind, tested in TESTS.items()
        if (listed := rows.filter(pl.col("test_kind") == kind).to_dicts())
    ]


def _compared(rows: Rows) -> str:
    full = next((row for row in rows if row["family"] == FULL), None)
    loras = [row for row in rows if row["family"] != FULL]
    if full is None or not loras:
        best = max(rows, key=lambda row: row["mean"])
        return f"{best['label']} answers {_scored(best)}; there is nothing to compare it with"
    kinds: dict[str, Rows] = {"less": [], "more": [], "unsure": []}
    for row in loras:
        kinds[_decision(row)].append(row)
    parts = [
        f"{_names(kinds[kind])} {kind} ({_difference(kinds[kind])})"
        for kind in ("less", "more")
        if kinds[kind]
    ]
    if kinds["unsure"]:
        why = _why(kinds["unsure"])
        parts.append(f"for {_names(kinds['unsure'])} {why} ({_difference(kinds['unsure'])})")
    return f"full fine-tuning answers {_scored(full)}; {'; '.join(parts)}"


def _scored(row: dict[str, Any]) -> str:
    return f"{row['mean']:.1f} % exactly as a reference{_ends(row['low'], row['high'])}"


def _decision(row: dict[str, Any]) -> str:
    if row["over_full_seeds"] < MINIMUM_SEEDS:
        return "unsure"
    if row["over_full_low"] > 0:
        return "more"
    return "less" if row["over_full_high"] < 0 else "unsure"


def _why(rows: Rows) -> str:
    if all(row["over_full_seeds"] < MINIMUM_SEEDS for row in rows):
        return "it cannot be told from fewer than two samplings"
    return "the data cannot tell"


def _difference(rows: Rows) -> str:
    """The difference that is closest to zero."""
    known = [row for row in rows if row["over_full"] is not None]
    if not known:
        return "no sampling in common"
    row = min(known, key=lambda each: abs(each["over_full"]))
    which = f" at {row['label'].removeprefix('LoRA ')}, the closest" if len(rows) > 1 else ""
    common = row["over_full_seeds"]
    samplings = "1 sampling" if common == 1 else f"{common} samplings"
    ends = _ends(row["over_full_low"], row["over_full_high"])
    return f"{written(row['over_full'], 1, signed=True)}{ends} points{which}; {samplings}"


def _names(rows: Rows) -> str:
    return together([row["label"] for row in rows])


def _ends(low: float | None, high: float | None) -> str:
    """The interval in brackets; a single sampling has none."""
    if low is None or high is None:
        return ""
    return f" [{written(low, 1)}, {written(high, 1)}]"
