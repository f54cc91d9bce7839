"""Verdicts as the page shows them: texts, and intervals as positions on a common scale."""

from collections.abc import Sequence
from dataclasses import dataclass

from rankscope.report.claims.verdict import Verdict
from rankscope.report.page.answer import number, with_interval

MARGIN = 6.0


@dataclass(frozen=True)
class ClaimRow:
    """One verdict of the table; positions are per cent of the width of its interval plot."""

    verdict: Verdict
    value: str
    threshold: str
    at: float | None
    low: float | None
    high: float | None
    threshold_at: float


def claim_rows(verdicts: Sequence[Verdict]) -> list[ClaimRow]:
    """Lay out the verdicts; those of one statement and unit share a scale."""
    return [_row(verdict, _scale(verdict, verdicts)) for verdict in verdicts]


def _scale(verdict: Verdict, verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """Ends of the common scale: it holds all intervals and the threshold."""
    ends = [verdict.threshold]
    for other in verdicts:
        if (other.statement, other.unit) == (verdict.statement, verdict.unit):
            ends += [x for x in (other.value, other.low, other.high) if x is not None]
    return min(ends), max(ends)


def _row(verdict: Verdict, scale: tuple[float, float]) -> ClaimRow:
    start, end = scale

    def place(x: float | None) -> float | None:
        if x is None:
            return None
        share = (x - start) / (end - start) if end > start else 0.5
        return round(MARGIN + share * (100 - 2 * MARGIN), 2)

    value = "not measured"
    if verdict.value is not None:
        value = with_interval(verdict.value, verdict.low, verdict.high)
    side = ">" if verdict.side == "above" else "<"
    return ClaimRow(
        verdict=verdict,
        value=value,
        threshold=f"{side} {number(verdict.threshold).rstrip('0').rstrip('.')}",
        at=place(verdict.value),
        low=place(verdict.low),
        high=place(verdict.high),
        threshold_at=place(verdict.threshold) or MARGIN,
    )
