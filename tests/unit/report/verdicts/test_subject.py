"""What claims are about: one condition per method, families apart."""

from claims_evidence import subject
from evidence_builder import EvidenceBuilder


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
