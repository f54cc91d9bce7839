"""What is said of updates: the figure, the medians and a verdict on every claim."""

from evidence_builder import EvidenceBuilder, learning_and_forgetting, tables_of
from rankscope.report.chapters.updates.content import CLAIMS, content, takeaway
from report_parts import NO_STUDY


def analysed() -> EvidenceBuilder:
    builder = EvidenceBuilder()
    for rank, ranks in ((None, (40.0, 50.0, 70.0)), (4, (2.0, 3.0, 3.5))):
        for status, seed in (("done", 0), ("diverged", 1)):
            run = builder.run(rank, seed, status=status)
            for number, value in enumerate(ranks):
                builder.matrix(run, 5, number, effective_rank=value + 100 * seed)
                builder.matrix(run, 1, number, effective_rank=1.0)
    return builder


def test_the_takeaway_is_the_median_over_matrices_of_done_runs_at_the_end():
    assert takeaway(tables_of(analysed())) == "medians: Full 50.0 · LoRA r=4 3.0"


def test_there_is_a_figure_with_its_section_and_every_claim_is_answered():
    said = content(NO_STUDY, tables_of(analysed()))
    assert [drawn.figure.name for drawn in said.figures] == ["effective-rank"]
    assert said.figures[0].tells_rates
    assert [section.figure for section in said.sections] == ["effective-rank"]
    assert len({verdict.claim + verdict.statement for verdict in said.verdicts}) == len(CLAIMS)


def test_without_spectra_claims_are_not_measured_and_nothing_is_drawn():
    said = content(NO_STUDY, tables_of(learning_and_forgetting({4: ({5: 0.1}, {5: 0.1})})))
    assert (said.figures, said.sections) == ((), ())
    assert {verdict.verdict for verdict in said.verdicts} == {"not measured"}
