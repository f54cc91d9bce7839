"""What claims are about: one condition per method, families apart."""

import pytest

from claims_evidence import constant, spectral, subject
from evidence_builder import EvidenceBuilder, learning_and_forgetting
from rankscope.report.verdicts.subject import Subject, repeated
from rankscope.report.verdicts.verdict import Claim, not_measured

CLAIM = Claim("c", "paper", "says", "difference", "points", 0.0, "above", "found")
TRACES = {None: constant(0.5, 0.25), 4: constant(0.25, 0.125), 16: constant(0.375, 0.125)}


def test_of_several_learning_rates_the_one_that_learned_most_stands_for_its_method():
    builder = EvidenceBuilder()
    for evaluation, measures in (("code", "learning"), ("english", "forgetting")):
        builder.scores("base", evaluation, {0: [0.0] * 30}, measures)
    for rate, learned in ((1e-3, 0.2), (3e-3, 0.5)):
        for seed in range(2):
            run = builder.run(4, seed, rate=rate)
            builder.scores(run, "code", {10: [learned] * 30})
            builder.scores(run, "english", {10: [0.0] * 30}, "forgetting")
    about = subject(builder)
    assert [condition.learning_rate for condition in about.conditions] == [3e-3]
    assert "best of 2 tried here" in about.rates(*about.conditions)


def test_without_a_headline_the_first_evaluation_of_each_kind_is_taken():
    evidence = learning_and_forgetting(TRACES).build()
    about = Subject.of(evidence, None)
    assert (about.learning, about.forgetting) == ("code", "english")
    turned = Subject.of(evidence, ("english", "code"))
    assert (turned.learning, turned.forgetting) == ("english", "code")
    nothing = Subject.of(EvidenceBuilder().build(), None)
    assert (nothing.learning, nothing.forgetting) == (None, None)


def test_of_several_training_sets_methods_are_compared_on_one():
    builder = learning_and_forgetting({4: constant(0.25, 0.125)})
    for rank in (None, 4):
        builder.run(rank, 0, trained_on="more")
    about = subject(builder)
    assert {each.trained_on for each in about.conditions} == {"more"}


def test_full_and_the_ranks_that_all_evaluations_have():
    builder = learning_and_forgetting(TRACES)
    run = builder.run(64, 0)
    builder.scores(run, "code", {10: [0.5] * 30})
    about = subject(builder)
    full, loras = about.full_and_loras("code", "english")
    assert (full.method, [lora.rank for lora in loras]) == ("Full", [4, 16])
    _, by_code = about.full_and_loras("code")
    assert [lora.rank for lora in by_code] == [4, 16, 64]
    assert about.full_and_loras("code", None) is None
    alone = learning_and_forgetting({4: constant(0.25, 0.125)})
    assert subject(alone).full_and_loras("code") is None


def test_steps_in_common_are_those_of_all_conditions():
    traces = {4: ({1: 0.1, 2: 0.2}, {1: 0.0}), 16: ({2: 0.1, 3: 0.2}, {3: 0.0})}
    about = subject(learning_and_forgetting(traces))
    assert about.steps("code", *about.loras) == (2,)
    assert about.steps("english", *about.loras) == ()
    assert about.steps("code") == ()


def test_what_is_forgotten_is_what_is_not_gained():
    about = subject(learning_and_forgetting(TRACES))
    lost = about.forgotten(about.full, "english", 10)
    assert lost[0] == pytest.approx(0.25)
    assert (lost == -about.gain(about.full, "english", 10)).all()


def test_one_family_has_no_name_and_several_are_named_in_their_order():
    (only,) = subject(learning_and_forgetting(TRACES)).families
    assert (only.name, only.scope("4 ranks")) == ("", "4 ranks")
    builder = EvidenceBuilder()
    for family in ("LoRA α=8", "PiSSA"):
        builder.run(4, 0, family=family)
    first, second = subject(builder).families
    assert (first.name, second.scope("4 ranks", "code")) == ("LoRA α=8", "PiSSA · 4 ranks · code")
    found = second.verdict(not_measured(CLAIM, "all", "why"), "code")
    assert (found.family, found.evaluation) == ("PiSSA", "code")


def test_conditions_with_one_seed_count_only_where_all_have_one():
    builder = spectral({1: [1], 4: [1]})
    builder.run(16, 0)
    about = subject(builder)
    assert [each.rank for each in repeated(about.loras)] == [1, 4]
    alone = subject(spectral({1: [1], 4: [1]}, seeds=1))
    assert repeated(alone.loras) == alone.loras


def test_a_note_on_rates_says_which_seeds_are_left_out():
    builder = learning_and_forgetting({4: constant(0.25, 0.125)})
    builder.run(4, 2, status="diverged")
    about = subject(builder)
    expected = "learning rates: LoRA r=4 0.001, 1 of 3 seeds left out"
    assert about.rates(*about.conditions) == expected


def test_the_sample_is_that_of_the_method_with_fewest_seeds():
    builder = learning_and_forgetting({4: constant(0.25, 0.125)}, seeds=3)
    builder.scores(builder.run(16, 0), "code", {10: [0.5] * 30})
    about = subject(builder)
    sample = about.items("code", *about.conditions)
    assert (sample.seeds, sample.units, sample.of) == (1, 30, "items")


def test_only_the_highest_score_that_there_is_is_a_ceiling():
    perfect = subject(learning_and_forgetting({4: ({10: 1.0}, {10: 0.0})}))
    (lora,) = perfect.loras
    reason = perfect.ceiling(CLAIM, lora, "code", (10,))
    assert "LoRA r=4 scores 1 on code, the highest that there is" in reason
    below = subject(learning_and_forgetting({4: ({10: 0.5}, {10: 0.0})}))
    assert below.ceiling(CLAIM, below.loras[0], "code", (10,)) == ""


def scored_one(metric: str, **about: object) -> Subject:
    """A LoRA that scores 1 by a metric, and the base that scores 0."""
    builder = EvidenceBuilder()
    builder.scores("base", "text", {0: [0.0]}, metric=metric, **about)
    builder.scores(builder.run(4, 0), "text", {10: [1.0]}, metric=metric, **about)
    return Subject.of(builder.build(), None)


@pytest.mark.parametrize(
    ("metric", "about", "reached"),
    [
        ("bits_per_byte", {"largest": None}, False),
        ("pass_at_1", {"largest": 1.0}, True),
        ("points", {"largest": 100.0}, False),
        ("out_of_options", {"largest": 1.0, "higher_is_better": False}, False),
    ],
)
def test_the_ceiling_is_what_the_metric_says_where_higher_is_better(metric, about, reached):
    found = scored_one(metric, **about)
    assert bool(found.ceiling(CLAIM, found.loras[0], "text", (10,))) is reached


def test_bits_per_byte_are_of_documents():
    found = scored_one("bits_per_byte", largest=None)
    assert found.items("text", *found.loras).of == "documents"
