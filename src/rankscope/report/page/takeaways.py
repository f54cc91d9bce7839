"""One computed line per section: what a reader learns without unfolding it."""

from collections import Counter
from collections.abc import Sequence
from typing import get_args

import polars as pl

from rankscope.records.keys import BASE
from rankscope.report.drawing.figure import conditions_of
from rankscope.report.evidence.tables import Tables
from rankscope.report.page.numbers import number
from rankscope.report.verdicts.subject import EPSILON, K
from rankscope.report.verdicts.verdict import Decision, Verdict


def takeaways(
    tables: Tables, verdicts: Sequence[Verdict], headline: tuple[str, str] | None
) -> dict[str, str]:
    """Map the name of each section to its line."""
    order = conditions_of(tables.runs)["condition"].to_list()
    return {
        "claims": _claims(verdicts),
        "trajectories": _trajectories(tables.summary, headline, order),
        "intruders": _intruders(tables.intruder_summary, order),
        "effective-rank": _effective_rank(tables, order),
        "loss": _of_one_set(tables) + status_line(tables.runs),
        "scores": _leaders(tables.mixture_scores),
        "cases": "chosen by a rule, not by hand",
    }


def _of_one_set(tables: Tables) -> str:
    """Which training set the figures of one are about, where the study has several."""
    several = tables.mixture_scores["trained_on"].n_unique() > 1
    shown = tables.runs["trained_on"].drop_nulls().unique().to_list()
    return f"trained on {', '.join(shown)}: " if several else ""


def _leaders(scores: pl.DataFrame) -> str:
    """How many columns of the score tables have a best method."""
    columns = ["series", "trained_on", "test_kind", "metric"]
    kept = scores.filter("shown", pl.col("mean").is_not_null())
    best = kept.group_by(columns).agg(pl.col("leads").any())["leads"]
    return f"{best.sum()} of {len(best)} columns have a best method beyond the noise"


def _claims(verdicts: Sequence[Verdict]) -> str:
    counted = Counter(str(verdict.verdict) for verdict in verdicts)
    return ", ".join(f"{counted[kind]} {kind}" for kind in get_args(Decision))


def _in_order(found: dict[str, str], order: list[str]) -> str:
    return " · ".join(f"{label} {found[label]}" for label in order if label in found)


def _trajectories(summary: pl.DataFrame, headline: tuple[str, str] | None, order: list[str]) -> str:
    """The last scores on an evaluation that the answer did not mention."""
    others = summary.filter(~pl.col("evaluation").is_in(headline or ()), ~pl.col("side"))
    if others.is_empty():
        return ""
    name = others["evaluation"][0]
    rows = others.filter(pl.col("evaluation") == name)
    last = rows.filter(pl.col("step") == pl.col("step").max().over("condition"))
    found = {row["condition"]: number(row["mean"]) for row in last.iter_rows(named=True)}
    unit = str(rows["unit"][0])
    what = name if unit in name else f"{name} ({unit})"
    return f"{what}: {_in_order(found, [BASE, *order])}"


def _intruders(summary: pl.DataFrame, order: list[str]) -> str:
    rows = summary.filter(
        pl.col("side") == "left", pl.col("k") == K, (pl.col("epsilon") - EPSILON).abs() < 1e-9
    )
    if rows.is_empty():
        return ""
    last = rows.filter(pl.col("step") == pl.col("step").max().over("condition"))
    found = {
        row["condition"]: f"{row['intruders']:g} [{row['low']:.0f}, {row['high']:.0f}]"
        for row in last.iter_rows(named=True)
    }
    examined = K * rows["matrices"][0]
    return f"of {examined} vectors at ε = {EPSILON}: {_in_order(found, order)}"


def _effective_rank(tables: Tables, order: list[str]) -> str:
    rows = tables.matrices.join(
        tables.runs.filter(pl.col("status") == "done").select("run", "condition"), on="run"
    )
    last = rows.filter(pl.col("step") == pl.col("step").max().over("run"))
    medians = last.group_by("condition").agg(pl.col("effective_rank").median())
    found = {label: f"{value:.1f}" for label, value in medians.iter_rows()}
    return f"medians: {_in_order(found, order)}" if found else ""


def status_line(runs: pl.DataFrame) -> str:
    """How many runs finished, and which did not."""
    trained = runs.filter(pl.col("method") != BASE)
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
