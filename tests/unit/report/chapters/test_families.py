"""Two families of LoRA whose planted truths differ: each is judged, drawn and told by itself."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from evidence_builder import EvidenceBuilder, tables_of
from rankscope.report.chapters.intruders import associations, intruders
from rankscope.report.chapters.tradeoff import forgetting, learning
from rankscope.report.chapters.tradeoff.answer import answer
from rankscope.report.chapters.tradeoff.by_rank import by_rank, traces_of
from rankscope.report.evidence.conditions import conditions_of, families_of
from rankscope.report.verdicts.subject import Subject
from rankscope.report.verdicts.verdict import Verdict

RISES, FALLS = "LoRA α=2r", "LoRA α=8"
RANKS, STEPS, ITEMS = (1, 4, 16, 64), (10, 20), 30
HEADLINE = ("code", "english")
GAINS = {None: 0.30, RISES: (0.05, 0.10, 0.15, 0.20), FALLS: (0.45, 0.40, 0.35, 0.34)}
INTRUDERS = {RISES: (8, 6, 4, 2), FALLS: (1, 3, 5, 7)}


def builder(families: Sequence[str] = (RISES, FALLS)) -> EvidenceBuilder:
    """What one family learns (and forgets) rises with rank, below full; the other's falls, above.

    Intruders of the first become fewer with rank, of the second more.
    """
    found = EvidenceBuilder()
    for name, measures in (("code", "learning"), ("english", "forgetting")):
        found.scores("base", name, {0: [0.0] * ITEMS}, measures)
    methods = [(None, None, GAINS[None], 0)]
    methods += [
        (family, rank, GAINS[family][place], INTRUDERS[family][place])
        for family in families
        for place, rank in enumerate(RANKS)
    ]
    for family, rank, gain, intruding in methods:
        for seed in range(2):
            run = found.run(rank, seed, family=family or "")
            for name, measures, sign in (("code", "learning", 1), ("english", "forgetting", -1)):
                scores = {step: [sign * gain * step / STEPS[-1]] * ITEMS for step in STEPS}
                found.scores(run, name, scores, measures)
            for step in STEPS:
                found.intruders(run, step, [intruding] * 20)
    return found


@pytest.fixture(scope="module")
def subject() -> Subject:
    return Subject.of(builder().build(), HEADLINE)


def by_family(verdicts: Iterator[Verdict]) -> dict[str, Verdict]:
    found = list(verdicts)
    assert len({verdict.family for verdict in found}) == len(found)
    return {verdict.family: verdict for verdict in found}


def test_no_family_wins_over_the_other_and_none_is_dropped(subject: Subject) -> None:
    labels = [f"{family} r={rank}" for family in (RISES, FALLS) for rank in RANKS]
    assert [each.method for each in subject.conditions] == ["Full", *labels]
    assert all(len(each.runs) == 2 for each in subject.conditions)
    assert [family.name for family in subject.families] == [RISES, FALLS]


def test_each_family_is_compared_with_full_under_its_name(subject: Subject) -> None:
    found = {verdict.method: verdict for verdict in learning.learns_less(subject)}
    for family, decided in ((RISES, "confirmed"), (FALLS, "denied")):
        for rank, gain in zip(RANKS, GAINS[family], strict=True):
            verdict = found[f"{family} r={rank}"]
            assert (verdict.family, verdict.evaluation) == (family, "code")
            assert verdict.scope == f"{family} r={rank} · code"
            assert verdict.value == pytest.approx(0.30 - gain)
            assert verdict.verdict == decided


@pytest.mark.parametrize("claim", [learning.order_by_rank, forgetting.grows_with_rank])
def test_an_order_by_rank_is_that_of_one_family(subject: Subject, claim) -> None:
    found = by_family(claim(subject))
    assert (found[RISES].value, found[RISES].verdict) == (1.0, "confirmed")
    assert (found[FALLS].value, found[FALLS].verdict) == (-1.0, "denied")
    assert found[FALLS].scope.startswith(f"{FALLS} · 4 ranks")


def test_intruders_fall_with_rank_in_one_family_and_rise_in_the_other(subject: Subject) -> None:
    found = by_family(intruders.falls_with_rank(subject))
    assert (found[RISES].value, found[FALLS].value) == (-1.0, 1.0)
    assert (found[RISES].verdict, found[FALLS].verdict) == ("confirmed", "denied")


def test_an_association_is_not_taken_over_both(subject: Subject) -> None:
    found = by_family(associations.go_with_forgetting(subject))
    # what is forgotten rises with rank in the first and falls in the second; so intruders, which
    # do the opposite in both, go against it in each
    values = [found[family].value for family in (RISES, FALLS)]
    assert all(value is not None and value < 0 for value in values)
    assert {verdict.n for verdict in found.values()} == {"16 points of 2 seeds"}


def test_tables_average_no_two_families() -> None:
    tables = tables_of(builder())
    last = tables.summary.filter(step=STEPS[-1], evaluation="code")
    gains = {(row["family"], row["rank"]): row["gain"] for row in last.iter_rows(named=True)}
    for family in (RISES, FALLS):
        for rank, gain in zip(RANKS, GAINS[family], strict=True):
            assert gains[family, rank] == pytest.approx(gain)
    assert families_of(tables.runs) == ["Full", RISES, FALLS]
    assert conditions_of(tables.runs)["rank"].to_list() == [None, *RANKS, *RANKS]


def test_a_figure_over_ranks_has_a_trace_for_each_family() -> None:
    tables = tables_of(builder())
    traces = dict(traces_of(tables.runs).rows())
    assert set(traces.values()) == {RISES, FALLS}
    assert traces[f"{FALLS} r=4"] == FALLS
    figure = by_rank(tables, HEADLINE)
    assert figure is not None
    assert [key.label for key in figure.keys] == [RISES, FALLS]
    means = figure.rows.filter(kind="mean", evaluation="code")
    assert means["x"].n_unique() == 1 + 2 * len(RANKS)  # no point hides another


def test_a_study_of_one_family_names_none() -> None:
    alone = Subject.of(builder([RISES]).build(), HEADLINE)
    assert [family.name for family in alone.families] == [""]
    (verdict,) = learning.order_by_rank(alone)
    assert verdict.scope == "4 ranks · code"
    assert verdict.family == RISES
    assert set(dict(traces_of(tables_of(builder([RISES])).runs).rows()).values()) == {""}


def test_the_answer_names_the_families(subject: Subject) -> None:
    verdicts = [
        verdict
        for claim in (learning.learns_less, forgetting.forgets_less, forgetting.matched_learning)
        for verdict in claim(subject)
    ]
    first, _ = answer(verdicts, tables_of(builder()).summary, HEADLINE)
    assert "more than LoRA α=2r r=1, α=2r r=4, α=2r r=16 and α=2r r=64 (difference" in first
    assert "less than LoRA α=8 r=1, α=8 r=4, α=8 r=16 and α=8 r=64 (difference" in first


def test_a_spread_is_pooled_over_families_but_means_are_not(subject: Subject) -> None:
    one, other = (next(iter(family.loras)) for family in subject.families)
    means = [subject.gain(each, "code", STEPS[-1])[0] for each in (one, other)]
    assert np.allclose(means, [GAINS[RISES][0], GAINS[FALLS][0]])
