"""All claims on mixtures: what each needs, and that it says so."""

from evidence_builder import FAMILY, EvidenceBuilder, learning_and_forgetting
from mixture_evidence import outcomes, small
from rankscope.report.chapters.mixtures.content import CLAIMS, judged
from rankscope.report.chapters.mixtures.subject import Mixtures
from rankscope.report.verdicts.verdict import Verdict


def all_claims_on(mixtures: Mixtures) -> list[Verdict]:
    return [verdict for claim in CLAIMS for verdict in claim(mixtures)]


def test_the_paper_does_not_print_what_the_other_claims_need(paper: Mixtures):
    rest = [v for v in all_claims_on(paper) if v.claim in ("H1.6", "H1.7", "H1.8", "H1.9")]
    assert len(rest) == 5
    assert {(v.verdict, v.value) for v in rest} == {("not measured", None)}
    assert all(v.reason for v in rest)


def test_one_sampling_decides_nothing():
    alone = small(lambda kind, label, rank: (rank or 64) / 100, seeds=(0,))
    verdicts = [v for v in all_claims_on(alone) if v.value is not None]
    assert {verdict.claim for verdict in verdicts} >= {"H1.1", "H1.2", "H1.4", "H1.5", "H1.10"}
    assert set(outcomes(verdicts)) == {"inconclusive"}
    assert all("1 seed is too few" in verdict.reason for verdict in verdicts)


def test_verdicts_on_the_only_family_name_it_and_their_scope_does_not():
    alone = small(lambda kind, label, rank: (rank or 64) / 100)
    assert alone.families == (alone,)
    verdicts = judged((alone,))
    on_ranks = [v for v in verdicts if v.claim in ("H1.1", "H1.2", "H1.4")]
    assert {verdict.family for verdict in on_ranks} == {FAMILY}
    assert not [verdict.scope for verdict in verdicts if FAMILY in verdict.scope]


def test_a_study_without_mixtures_gets_no_verdicts_on_them():
    traces = {None: ({5: 0.5}, {5: 0.4}), 4: ({5: 0.3}, {5: 0.1})}
    evidence = learning_and_forgetting(traces).build()
    assert Mixtures.of(evidence) == ()
    assert judged(Mixtures.of(evidence)) == ()


def test_every_claim_says_why_where_nothing_was_scored():
    builder = EvidenceBuilder()
    builder.run(4, 0, trained_on="T2", mixture="T2", tasks=2, examples=200)
    (mixtures,) = Mixtures.of(builder.build())
    for claim in CLAIMS:
        verdicts = list(claim(mixtures))
        assert verdicts
        assert {verdict.verdict for verdict in verdicts} == {"not measured"}
        assert all(verdict.reason for verdict in verdicts)
