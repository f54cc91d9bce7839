"""Verdicts as the page shows them: by statement, intervals as positions on a common scale."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from rankscope.report.numbers import number
from rankscope.report.verdicts.verdict import HOLDS_THRESHOLD, Decision, Verdict
from rankscope.report.words import with_interval

MARGIN = 5.0
SIGNS = {"above": ">", "at least": "≥", "below": "<"}


@dataclass(frozen=True)
class ClaimRow:
    """One verdict; positions are per cent of the width of its interval plot.

    `why` is what keeps it open, where the plot does not show that.
    """

    verdict: Verdict
    value: str
    why: str
    at: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ClaimGroup:
    """All verdicts on one statement, on one scale."""

    first: Verdict
    threshold: str
    threshold_at: float
    rows: tuple[ClaimRow, ...]


def claim_groups(verdicts: Sequence[Verdict]) -> list[ClaimGroup]:
    """Group verdicts by statement and unit, in their order."""
    grouped: dict[tuple[str, str, str], list[Verdict]] = {}
    for verdict in verdicts:
        key = (verdict.claim, verdict.statement, verdict.unit)
        grouped.setdefault(key, []).append(verdict)
    return [_group(members) for members in grouped.values()]


def counted(verdicts: Sequence[Verdict]) -> str:
    """How many claims were decided in which way; what was not measured only where something was."""
    numbers = Counter(str(verdict.verdict) for verdict in verdicts)
    shown = [kind for kind in get_args(Decision) if kind != "not measured" or numbers[kind]]
    return ", ".join(f"{numbers[kind]} {kind}" for kind in shown)


def _group(verdicts: Sequence[Verdict]) -> ClaimGroup:
    first = verdicts[0]
    ends = [first.threshold]
    for each in verdicts:
        ends += [x for x in (each.value, each.low, each.high) if x is not None]
    start, span = min(ends), max(ends) - min(ends)

    def place(x: float) -> float:
        share = (x - start) / span if span else 0.5
        return round(MARGIN + share * (100 - 2 * MARGIN), 2)

    def row(verdict: Verdict) -> ClaimRow:
        at, low, high = (
            None if x is None else place(x) for x in (verdict.value, verdict.low, verdict.high)
        )
        value = "not measured"
        if verdict.value is not None:
            value = with_interval(verdict.value, verdict.low, verdict.high)
        why = "" if verdict.reason == HOLDS_THRESHOLD else verdict.reason
        return ClaimRow(verdict, value, why, at, low, high)

    return ClaimGroup(
        first=first,
        threshold=f"{SIGNS[first.side]} {plain(first.threshold)}",
        threshold_at=place(first.threshold),
        rows=tuple(row(verdict) for verdict in verdicts),
    )


def plain(value: float) -> str:
    """Write a threshold without trailing zeros."""
    text = number(value)
    return text.rstrip("0").rstrip(".") if "." in text else text
