"""The answer in two computed sentences: what was learned, what was forgotten, and what is unsure.

Guarantees: a comparison is stated only where its verdict is decided; where the data do not carry
one, the sentence says that they cannot tell, with the interval and the reason. Built from verdicts
and summaries alone, so that it can never say more than the table of claims.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from rankscope.records.keys import BASE
from rankscope.records.methods import FULL
from rankscope.report.chapters.tradeoff.forgetting import AT_MATCHED_LEARNING, FORGETS_LESS
from rankscope.report.chapters.tradeoff.learning import LEARNS_LESS
from rankscope.report.numbers import number
from rankscope.report.verdicts.verdict import Claim, Verdict
from rankscope.report.words import together, with_interval

Verdicts = Sequence[Verdict]


def answer(
    verdicts: Verdicts, summary: pl.DataFrame, headline: tuple[str, str] | None
) -> tuple[str, str]:
    """Say in one sentence each what was learned and what was forgotten."""
    if headline is None or summary.is_empty():
        return (
            "This study scored no pair of learning and forgetting: it has no answer to give.",
            "What was measured is below.",
        )
    learning, forgetting = headline
    learns = _scoped(verdicts, LEARNS_LESS, learning)
    forgets = _scoped(verdicts, FORGETS_LESS, forgetting)
    if not learns or not forgets:
        return _without_comparison(summary, learning, forgetting)
    matched = _scoped(verdicts, AT_MATCHED_LEARNING, forgetting)
    first = f"Full fine-tuning {_gained(summary, learning)}: {_compared(learns)}."
    second = f"It {_lost(summary, learning, forgetting)}: {_compared(forgets)}"
    if matched:
        second += f"; at equal learning, {_matched(matched)}"
    return first, second + "."


def _scoped(verdicts: Verdicts, claim: Claim, evaluation: str) -> dict[str, Verdict]:
    """Verdicts of a claim on one evaluation that have a value, by method."""
    found = {}
    for verdict in verdicts:
        wanted = verdict.claim == claim.id and verdict.statement == claim.statement
        if wanted and verdict.evaluation == evaluation and verdict.value is not None:
            found[verdict.method] = verdict
    return found


def _best_row(summary: pl.DataFrame, evaluation: str) -> dict[str, Any]:
    """Full fine-tuning at its best step; of several recipes the one that learned most."""
    rows = summary.filter(pl.col("evaluation") == evaluation, pl.col("family") == FULL)
    return rows.sort("gain", maintain_order=True).row(-1, named=True)


def _gained(summary: pl.DataFrame, learning: str) -> str:
    row = _best_row(summary, learning)
    gained = with_interval(row["gain"], row["gain_low"], row["gain_high"])
    return f"gained {gained} {row['unit']} on {learning}"


def _lost(summary: pl.DataFrame, learning: str, forgetting: str) -> str:
    condition = _best_row(summary, learning)["condition"]
    rows = summary.filter(
        pl.col("evaluation") == forgetting, pl.col("condition") == condition
    ).sort("step")
    row = rows.row(-1, named=True)
    if row["gain"] > 0:
        return f"lost nothing on {forgetting}, where it gained {number(row['gain'])} {row['unit']}"
    lost = with_interval(-row["gain"], -row["gain_high"], -row["gain_low"])
    return f"lost {lost} {row['unit']} on {forgetting}"


def _compared(found: dict[str, Verdict]) -> str:
    """Compare full fine-tuning with every rank, as far as the verdicts are decided."""
    clauses = []
    for decision, word in (("confirmed", "more"), ("denied", "less")):
        decided = {m: v for m, v in found.items() if v.verdict == decision}
        if decided:
            clauses.append(f"{word} than {together([*decided])} ({_nearest(decided)})")
    unsure = {m: v for m, v in found.items() if v.verdict == "inconclusive"}
    if unsure:
        clauses.append(f"against {together([*unsure])} the data cannot tell ({_nearest(unsure)})")
    return "; ".join(clauses)


def _matched(found: dict[str, Verdict]) -> str:
    clauses = []
    for decision, text in (
        ("confirmed", "{} forgot less"),
        ("denied", "{} forgot more"),
        ("inconclusive", "for {} it cannot be told"),
    ):
        methods = {m: v for m, v in found.items() if v.verdict == decision}
        if methods:
            clauses.append(f"{text.format(together([*methods]))} ({_nearest(methods)})")
    return ", ".join(clauses)


def _nearest(found: dict[str, Verdict]) -> str:
    """The difference closest to zero among the verdicts, with interval and n."""
    method, verdict = min(found.items(), key=lambda item: abs(item[1].value or 0.0))
    which = f" from {_short(method)}, the closest" if len(found) > 1 else ""
    interval = with_interval(verdict.value or 0.0, verdict.low, verdict.high)
    return f"difference {interval}{which}; {verdict.n}"


def _short(method: str) -> str:
    return method.removeprefix("LoRA ")


def _without_comparison(summary: pl.DataFrame, learning: str, forgetting: str) -> tuple[str, str]:
    """Without both methods there is nothing to compare: report the best condition alone."""
    trained = summary.filter(pl.col("family") != BASE)
    learned = trained.filter(pl.col("evaluation") == learning).sort("gain")
    if learned.is_empty():
        return (
            "No finished run of this study has been scored: there is no answer to give.",
            "See the runs below.",
        )
    best = learned.row(-1, named=True)
    gained = with_interval(best["gain"], best["gain_low"], best["gain_high"])
    first = (
        f"{best['condition']} gained most on {learning}, {gained} {best['unit']}; the study has"
        " no pair of full fine-tuning and LoRA to compare."
    )
    same = trained.filter(
        pl.col("evaluation") == forgetting,
        pl.col("condition") == best["condition"],
        pl.col("step") == best["step"],
    )
    if same.is_empty():
        return first, f"It was not scored on {forgetting}."
    row = same.row(0, named=True)
    change = with_interval(row["gain"], row["gain_low"], row["gain_high"])
    return first, f"Its change on {forgetting} (positive is better) was {change} {row['unit']}."
