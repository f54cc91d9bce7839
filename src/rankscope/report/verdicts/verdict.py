"""A claim's verdict: confirmed, denied, inconclusive or not measured, with all that it rests on.

The rule is the same for every claim: with a 95 % interval wholly on the claimed side of the
threshold the claim is confirmed, wholly on the other side denied, and otherwise inconclusive. Too
few seeds make it inconclusive whatever the interval, and so does a claim that is *out of reach*:
one that these data could not have confirmed whatever the truth, so that they cannot deny it
either. *Not measured* is what a study did not ask. Intervals are not corrected for the number of
claims.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from rankscope.report.evidence.evidence import Condition
from rankscope.report.evidence.resampling import COVERAGE, Floats, Interval, interval

Decision = Literal["confirmed", "denied", "inconclusive", "not measured"]
Side = Literal["above", "at least", "below"]
MINIMUM_SEEDS = 2
# Four values fall into one given order by chance in 1 of 24 cases, three in 1 of 6.
MINIMUM_FOR_AN_ORDER = 4
HOLDS_THRESHOLD = "the interval holds the threshold"
NO_ORDER = "all score alike: there is no order"
UNDEFINED = "out of reach: undefined in {share:.0%} of draws"


@dataclass(frozen=True)
class Claim:
    """What a paper says, how it is tested here, and what the paper found."""

    id: str
    source: str
    statement: str
    statistic: str
    unit: str
    threshold: float
    side: Side
    paper: str

    def in_unit(self, unit: str) -> "Claim":
        """Return the claim with its statistic in the unit of an evaluation."""
        return replace(self, unit=unit)


@dataclass(frozen=True)
class Sample:
    """What an interval rests on: seeds (of the method with fewest), and units such as items.

    `each_seed` says whether every seed has these units, or they are those of all seeds together.
    """

    seeds: int
    units: int
    of: str
    each_seed: bool = True

    def __str__(self) -> str:
        between = "×" if self.each_seed else "of"
        seeds = "seed" if self.seeds == 1 else "seeds"
        return f"{self.units} {self.of} {between} {self.seeds} {seeds}"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one claim in one scope (a rank, an evaluation); `reason` if undecided.

    A verdict on one family, method or evaluation says which; these are empty in others.
    """

    claim: str
    source: str
    statement: str
    scope: str
    statistic: str
    unit: str
    value: float | None
    low: float | None
    high: float | None
    n: str
    threshold: float
    side: str
    verdict: Decision
    reason: str
    paper: str
    note: str
    family: str = ""
    method: str = ""
    evaluation: str = ""

    def about(self, condition: Condition, evaluation: str = "") -> "Verdict":
        """Return it as one on the method of a condition, by an evaluation where there is one."""
        return replace(
            self, family=condition.family, method=condition.method, evaluation=evaluation
        )


def order_out_of_reach(number: int, of: str) -> str:
    """Why so few values cannot show an order; empty if they can."""
    if number >= MINIMUM_FOR_AN_ORDER:
        return ""
    chance = math.factorial(number)
    return (
        f"out of reach: {number} {of} are in order by chance in 1 of {chance} cases; needs at least"
        f" {MINIMUM_FOR_AN_ORDER}"
    )


def bound_out_of_reach(claim: Claim, best: float, because: str) -> str:
    """Why a statistic that is at best `best` cannot confirm the claim; empty if it can."""
    sign = -1 if claim.side == "below" else 1
    reached = sign * best > sign * claim.threshold
    if reached or (claim.side == "at least" and best == claim.threshold):
        return ""
    return f"out of reach: {because}"


def decide(claim: Claim, found: Interval) -> Decision:
    """Compare an interval with the claim's threshold."""
    sign = -1 if claim.side == "below" else 1
    if sign * found.low > sign * claim.threshold and sign * found.high > sign * claim.threshold:
        return "confirmed"
    if claim.side == "at least" and found.low >= claim.threshold:
        return "confirmed"
    if sign * found.low < sign * claim.threshold and sign * found.high < sign * claim.threshold:
        return "denied"
    return "inconclusive"


def judge(
    claim: Claim, scope: str, draws: Floats, sample: Sample, note: str = "", out_of_reach: str = ""
) -> Verdict:
    """Decide a claim from the draws of its statistic, as `judge_interval` does.

    A statistic that is undefined in more draws than an interval leaves out is not decided: those
    that are left show only the draws in which something was found.
    """
    why = out_of_reach or undefined_in(draws)
    return judge_interval(claim, scope, interval(draws), sample, note, why)


def undefined_in(draws: Floats) -> str:
    """Say in how many draws a statistic is undefined, if in too many for an interval."""
    undefined = float(np.mean(~np.isfinite(draws[1:])))
    few = undefined <= 1 - COVERAGE or not np.isfinite(draws[0])
    return "" if few else UNDEFINED.format(share=undefined)


def judge_interval(
    claim: Claim,
    scope: str,
    found: Interval,
    sample: Sample,
    note: str = "",
    out_of_reach: str = "",
) -> Verdict:
    """Decide a claim from its statistic and the interval around it.

    `out_of_reach` says why these data cannot decide the claim, such as a model too small to confirm
    it, and what would be needed: then the statistic is reported and the verdict is inconclusive.
    """
    decision = decide(claim, found)
    obstacles = [out_of_reach] if out_of_reach else []
    if sample.seeds < MINIMUM_SEEDS:
        obstacles.append(f"{sample.seeds} seed is too few to judge a method")
    if math.isnan(found.value) and not out_of_reach:
        obstacles.append(NO_ORDER)
    if obstacles:
        decision = "inconclusive"
    elif decision == "inconclusive":
        obstacles = [HOLDS_THRESHOLD]
    return _verdict(claim, scope, found, str(sample), decision, "; ".join(obstacles), note)


def not_measured(claim: Claim, scope: str, why: str) -> Verdict:
    """The verdict on a claim that was not measured in this study, and what it lacks."""
    nothing = Interval(math.nan, math.nan, math.nan)
    return _verdict(claim, scope, nothing, "0", "not measured", why, "")


def _verdict(
    claim: Claim,
    scope: str,
    found: Interval,
    n: str,
    decision: Decision,
    reason: str,
    note: str,
) -> Verdict:
    value, low, high = (
        number if math.isfinite(number) else None for number in (found.value, found.low, found.high)
    )
    return Verdict(
        claim=claim.id,
        source=claim.source,
        statement=claim.statement,
        scope=scope,
        statistic=claim.statistic,
        unit=claim.unit,
        value=value,
        low=low,
        high=high,
        n=n,
        threshold=claim.threshold,
        side=claim.side,
        verdict=decision,
        reason=reason,
        paper=claim.paper,
        note=note,
    )
