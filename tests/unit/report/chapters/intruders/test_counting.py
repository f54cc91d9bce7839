"""Intruders counted on evidence written by hand."""

from evidence_builder import EvidenceBuilder
from rankscope.report.chapters.intruders.counting import Counting


def test_a_run_that_was_not_analysed_yet_is_not_counted():
    builder = EvidenceBuilder()
    builder.intruders(builder.run(1, 0), 5, [1, 2])
    builder.run(1, 1)
    evidence = builder.build()
    (condition,) = evidence.conditions
    assert Counting(evidence).by_matrix(condition, 5).tolist() == [[1, 2]]


def test_the_setting_is_the_nearest_that_the_study_has():
    builder = EvidenceBuilder()
    builder.intruders(builder.run(1, 0), 5, [1])
    counting = Counting(builder.build())
    assert (counting.k, counting.epsilon) == (10, 0.5)
    assert counting.setting == "k = 10, ε = 0.5, left vectors"
    nothing = Counting(EvidenceBuilder().build())
    assert (nothing.k, nothing.epsilon) == (10, 0.5)


def test_matrices_are_those_in_which_a_condition_was_counted():
    builder = EvidenceBuilder()
    builder.intruders(builder.run(None, 0), 5, [0, 0, 0])
    builder.intruders(builder.run(1, 0), 5, [1, 2])
    evidence = builder.build()
    counting = Counting(evidence)
    assert [counting.matrices(each, 5) for each in evidence.conditions] == [3, 2]
