"""Whether intruders go with forgetting or learning, on evidence whose verdict follows on paper."""

import numpy as np
import pytest

from claims_evidence import subject
from evidence_builder import EvidenceBuilder
from rankscope.report.chapters.intruders import associations
from rankscope.report.verdicts.subject import Subject


def test_intruders_that_go_with_forgetting_and_not_with_learning():
    builder = EvidenceBuilder()
    builder.scores("base", "code", {0: [0.0] * 20})
    builder.scores("base", "english", {0: [0.0] * 20}, "forgetting")
    learned = {1: (0.2, 0.4, 0.3), 4: (0.4, 0.2, 0.3), 16: (0.3, 0.4, 0.2)}
    for rank, gains in learned.items():
        for seed in range(2):
            run = builder.run(rank, seed)
            for step, gain in enumerate(gains, 1):
                builder.intruders(run, step, [step])
                builder.scores(run, "code", {step: [gain] * 20})
                builder.scores(run, "english", {step: [-0.1 * step] * 20}, "forgetting")
    about = subject(builder)
    (with_forgetting,) = associations.go_with_forgetting(about)
    (with_learning,) = associations.not_with_learning(about)
    assert (with_forgetting.value, with_forgetting.verdict) == (pytest.approx(1), "confirmed")
    assert with_learning.value < 0.5
    assert with_forgetting.n == "18 points of 2 seeds"


def few_intruders(changes: list[float]) -> Subject:
    """Sixteen points of eight runs, two of which have an intruder."""
    builder = EvidenceBuilder()
    for name, measures in (("code", "learning"), ("english", "forgetting")):
        builder.scores("base", name, {0: [0.0] * 4}, measures)
    waiting = iter(changes)
    for rank in (1, 4, 16, 64):
        for seed in range(2):
            run = builder.run(rank, seed)
            for step in (1, 2):
                builder.intruders(run, step, [int(rank == 1 and step == 2)] * 2)
                builder.scores(run, "code", {step: [0.0] * 4})
                builder.scores(run, "english", {step: [-next(waiting)] * 4}, "forgetting")
    return subject(builder)


def test_two_intruders_in_sixteen_points_can_show_no_association():
    # the points with intruders are the second and the fourth: they forgot most
    best = [0.0, 15.0, 1.0, 16.0, *range(2, 14)]
    (verdict,) = associations.go_with_forgetting(few_intruders(best))
    assert verdict.value == pytest.approx(0.574, abs=0.001)
    assert verdict.verdict == "inconclusive"
    assert verdict.reason.startswith(
        "out of reach: with intruders at 2 of 16 points even a perfect"
    )
    rng = np.random.default_rng(0)
    for _ in range(3):
        (random,) = associations.go_with_forgetting(
            few_intruders(list(rng.permutation(np.arange(16.0))))
        )
        assert random.verdict == "inconclusive"
        assert "out of reach" in random.reason
