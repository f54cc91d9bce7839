"""Methods on mixtures compared on their common samplings, and how such a comparison is judged.

Guarantees: scores are rounded, so that those which only the order of summation tells apart are
equal; without a common sampling nothing is measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rankscope.report.evidence.resampling import DRAWS, Floats, Interval, interval, rank_correlation
from rankscope.report.verdicts.verdict import (
    Claim,
    Sample,
    Verdict,
    judge_interval,
    not_measured,
    undefined_in,
)

DECIMALS = 9


@dataclass(frozen=True)
class Comparison:
    """Scores of conditions on their common samplings, draws × conditions; `note` on confounds."""

    scores: Floats
    sample: Sample
    note: str

    def judge(
        self, claim: Claim, scope: str, draws: Floats, note: str = "", out_of_reach: str = ""
    ) -> Verdict:
        """Judge a statistic of the scores; what rounding makes of a tie is a tie."""
        found = interval(draws.round(DECIMALS) + 0.0)
        return self._judge(claim, scope, found, note, out_of_reach or undefined_in(draws))

    def judge_order(
        self, claim: Claim, scope: str, ranks: Floats, note: str = "", out_of_reach: str = ""
    ) -> Verdict:
        """Judge Spearman's ρ of the conditions' ranks with their scores."""
        found = rank_correlation(ranks, self.scores)
        return self._judge(claim, scope, found, note, out_of_reach)

    def _judge(
        self, claim: Claim, scope: str, found: Interval, note: str, out_of_reach: str
    ) -> Verdict:
        if not self.sample.seeds:
            return not_measured(claim, scope, "no sampling was finished by all methods compared")
        notes = "; ".join(each for each in (note, self.note) if each)
        return judge_interval(claim, scope, found, self.sample, notes, out_of_reach)


def mean_and_moved(
    drawn: Mapping[str, Floats], runs: Sequence[Sequence[str]], moved: Sequence[Floats]
) -> list[Floats]:
    """Draws of the mean over the runs of each condition, with what samplings move it by."""
    means = (np.mean([drawn[run] for run in of], axis=0) for of in runs)
    return [np.asarray(mean + each) for mean, each in zip(means, moved, strict=True)]


def nothing_in_common(conditions: int) -> Comparison:
    """The comparison of conditions that finished no common sampling."""
    return Comparison(np.full((DRAWS + 1, conditions), np.nan), Sample(0, 0, "items"), "")


def rounded(draws: Sequence[Floats]) -> Floats:
    """Draws × conditions, rounded to `DECIMALS`."""
    return np.asarray(np.column_stack(draws).round(DECIMALS) + 0.0)
