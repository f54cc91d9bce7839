"""What is said of learning and forgetting: figures, all claims, and the opening of the page."""

from evidence_builder import EvidenceBuilder, learning_and_forgetting, tables_of
from rankscope.report.chapters.tradeoff.content import CLAIMS, content, takeaway
from report_parts import NO_STUDY, said

HEADLINE = ("code", "english")
TRACES = {None: ({5: 0.5}, {5: 0.25}), 4: ({5: 0.25}, {5: 0.125})}


def test_the_plane_opens_and_every_figure_has_a_section():
    (found,) = said(tables_of(learning_and_forgetting(TRACES)), HEADLINE, of=["tradeoff"]).values()
    names = [drawn.figure.name for drawn in found.figures]
    assert names == ["by-rank", "plane", "trajectories"]
    assert [section.figure for section in found.sections] == names
    assert found.opens == ("plane", "by-rank")
    assert "Full fine-tuning gained 0.500" in found.opening.sentences[0]
    assert found.opening.left_out.endswith("their points are still drawn.")


def test_without_a_pair_of_evaluations_there_is_no_plane_and_no_answer():
    found = content(NO_STUDY, tables_of(learning_and_forgetting(TRACES)))
    assert [drawn.figure.name for drawn in found.figures] == ["by-rank", "trajectories"]
    assert "no answer to give" in found.opening.sentences[0]
    assert found.opening.left_out == "Averages leave out runs that did not finish."


def test_every_claim_is_answered_even_without_a_score():
    found = content(NO_STUDY, tables_of(EvidenceBuilder()))
    assert found.figures == ()
    assert len(found.verdicts) == len(CLAIMS)
    assert {verdict.verdict for verdict in found.verdicts} == {"not measured"}


def test_the_takeaway_is_about_what_the_answer_left_out():
    builder = learning_and_forgetting(TRACES)
    assert takeaway(tables_of(builder), HEADLINE) == ""
    for run, score in (("base", 0.5), ("Full 0.001 0 code", 0.25), ("LoRA r=4 0.001 0 code", 0.75)):
        builder.scores(run, "extra", {0 if run == "base" else 5: [score]}, "forgetting")
    line = "extra (accuracy): Base 0.500 · Full 0.250 · LoRA r=4 0.750"
    assert takeaway(tables_of(builder), HEADLINE) == line
