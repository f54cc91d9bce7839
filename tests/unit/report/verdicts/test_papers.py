"""Which paper each claim is of."""

from evidence_builder import EvidenceBuilder
from mixture_evidence import small
from rankscope.report.chapters.mixtures.content import CLAIMS
from rankscope.report.verdicts.papers import ILLUSION, LEARNS_LESS, MULTI_TASK
from rankscope.report.verdicts.subject import Subject
from report_parts import judged


def test_every_claim_names_its_paper_and_is_numbered_by_it():
    on_methods = judged(Subject.of(EvidenceBuilder().build(), None))
    mixtures = small(lambda kind, label, rank: 0.5)
    on_mixtures = [verdict for claim in CLAIMS for verdict in claim(mixtures)]
    papers = {
        (verdict.claim.split(".")[0], verdict.source) for verdict in (*on_methods, *on_mixtures)
    }
    assert papers == {("H1", MULTI_TASK), ("H2", LEARNS_LESS), ("H3", ILLUSION)}
