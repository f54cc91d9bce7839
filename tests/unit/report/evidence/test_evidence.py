from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from evidence_builder import EvidenceBuilder
from rankscope.errors import ArtefactError


def test_gain_is_positive_for_what_improves_whatever_the_metric():
    builder = EvidenceBuilder()
    run = builder.run(4, 0)
    for name, upwards in (("accuracy", True), ("bits", False)):
        builder.scores("base", name, {0: [1.0, 1.0]}, higher_is_better=upwards)
        builder.scores(run, name, {5: [1.5, 1.5]}, higher_is_better=upwards)
    evidence = builder.build()
    condition = evidence.conditions[0]
    assert evidence.gain(condition, "accuracy", 5)[0] == pytest.approx(0.5)
    assert evidence.gain(condition, "bits", 5)[0] == pytest.approx(-0.5)


def test_a_corpus_value_weighs_documents_by_their_bytes():
    builder = EvidenceBuilder()
    builder.scores("base", "bits", {0: [1.0, 3.0]}, weights=[3, 1])
    evidence = builder.build()
    assert evidence.score(evidence.base, "bits", 0)[0] == pytest.approx(1.5)


def test_averages_leave_out_runs_that_did_not_finish():
    builder = EvidenceBuilder()
    builder.scores("base", "code", {0: [0.0]})
    builder.scores(builder.run(4, 0), "code", {5: [1.0]})
    builder.scores(builder.run(4, 1, status="diverged"), "code", {5: [-9.0]})
    evidence = builder.build()
    condition = evidence.conditions[0]
    assert (len(condition.runs), condition.planned) == (1, 2)
    assert evidence.score(condition, "code", 5)[0] == 1.0


def test_only_steps_that_all_seeds_reached_are_averaged():
    builder = EvidenceBuilder()
    builder.scores("base", "code", {0: [0.0]})
    builder.scores(builder.run(4, 0), "code", {5: [1.0], 10: [2.0]})
    builder.scores(builder.run(4, 1), "code", {5: [1.0]})
    evidence = builder.build()
    assert evidence.steps(evidence.conditions[0], "code") == (5,)


def test_runs_are_compared_with_the_base_on_the_test_set_of_their_sampling():
    builder = EvidenceBuilder()
    for sampling, said in ((0, [0.0, 0.2]), (1, [0.6, 1.0])):
        builder.scores("base", "seen", {0: said}, sampling=sampling)
        run = builder.run(4, sampling)
        builder.scores(run, "seen", {5: [value + 0.1 for value in said]}, sampling=sampling)
    evidence = builder.build()
    condition = evidence.conditions[0]
    assert evidence.score(evidence.base, "seen", 0)[0] == pytest.approx(0.45)
    assert evidence.score(condition, "seen", 5)[0] == pytest.approx(0.55)
    # whichever items are drawn, every run is 0.1 better on them
    assert evidence.gain(condition, "seen", 5) == pytest.approx(0.1)


def test_half_a_test_set_is_refused():
    builder = EvidenceBuilder()
    builder.scores("base", "seen", {0: [0.0, 0.0]}, sampling=0)
    builder.scores("base", "seen", {0: [0.0, 0.0]}, sampling=1)
    builder.scores(builder.run(4, 0), "seen", {5: [1.0]}, sampling=0)
    evidence = builder.build()
    with pytest.raises(ArtefactError, match="other items"):
        evidence.score(evidence.conditions[0], "seen", 5)


def test_scores_on_other_items_than_the_bases_are_refused():
    builder = EvidenceBuilder()
    builder.scores("base", "code", {0: [0.0, 0.0]})
    builder.scores(builder.run(4, 0), "code", {5: [1.0]})
    evidence = builder.build()
    with pytest.raises(ArtefactError, match="other items of 'code' than the base"):
        evidence.score(evidence.conditions[0], "code", 5)


def test_without_the_base_nothing_can_be_compared_and_the_message_says_what_to_run():
    builder = EvidenceBuilder()
    builder.scores(builder.run(4, 0), "code", {5: [1.0]})
    evidence = builder.build()
    with pytest.raises(ArtefactError, match="rankscope evaluate predict base"):
        evidence.gain(evidence.conditions[0], "code", 5)


def test_a_run_that_was_not_scored_yet_is_left_out_of_the_mean():
    builder = EvidenceBuilder()
    builder.scores("base", "code", {0: [0.0]})
    builder.scores(builder.run(4, 0), "code", {5: [1.0]})
    builder.run(4, 1)
    evidence = builder.build()
    condition = evidence.conditions[0]
    assert len(condition.runs) == 2
    assert len(evidence.scored(condition, "code").runs) == 1
    assert evidence.score(condition, "code", 5)[0] == 1.0


def test_a_run_that_was_not_analysed_yet_is_left_out_of_the_spectra():
    builder = EvidenceBuilder()
    builder.intruders(builder.run(1, 0), 5, [1, 2])
    builder.run(1, 1)
    evidence = builder.build()
    condition = evidence.conditions[0]
    assert evidence.spectral_steps(condition) == (5,)


def test_the_evidence_on_a_training_set_has_no_rows_of_other_runs():
    builder = EvidenceBuilder()
    builder.scores("base", "code", {0: [0.0]})
    runs = [builder.run(4, 0), builder.run(4, 0, trained_on="more")]
    for run in runs:
        builder.scores(run, "code", {5: [1.0]})
        builder.intruders(run, 5, [1])
        builder.vector(run, 5, 0, sigma=1.0, max_cosine=0.1)
    found = builder.build().on("code")
    assert set(found.items["run"]) == {"base", runs[0]}
    for rows in (found.matrices, found.intruders, found.vectors):
        assert set(rows["run"]) == {runs[0]}


def test_intervals_do_not_depend_on_the_names_of_artefacts():
    builder = EvidenceBuilder()
    builder.scores("base", "code", {0: [0.0, 0.5]})
    for rank, seed, gain in ((4, 0, 0.2), (4, 1, 0.5), (8, 0, 0.1), (8, 1, 0.9)):
        builder.scores(builder.run(rank, seed), "code", {5: [gain, gain + 0.1]})
    before = builder.build()
    names = {run: f"renamed-{number}" for number, run in enumerate(before.runs["run"])}
    renamed = pl.col("run").replace(names)
    after = replace(
        before, runs=before.runs.with_columns(renamed), items=before.items.with_columns(renamed)
    )
    for one, other in zip(before.conditions, after.conditions, strict=True):
        assert np.array_equal(before.gain(one, "code", 5), after.gain(other, "code", 5))
