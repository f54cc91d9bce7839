"""Methods on one training set, written by hand, as claims on them read it."""

from collections.abc import Mapping

from evidence_builder import EvidenceBuilder
from rankscope.report.verdicts.subject import Subject

HEADLINE = ("code", "english")


def subject(builder: EvidenceBuilder) -> Subject:
    """What claims are about: code is learned, english forgotten."""
    return Subject.of(builder.build(), HEADLINE)


def constant(learned: float, forgotten: float) -> tuple[dict[int, float], dict[int, float]]:
    """Half of it at step 5, all of it at step 10."""
    return {5: learned / 2, 10: learned}, {5: forgotten / 2, 10: forgotten}


def spectral(counts: Mapping[int | None, list[int]], seeds: int = 2) -> EvidenceBuilder:
    """Intruders of each matrix after step 10, by rank."""
    builder = EvidenceBuilder()
    for rank, of_matrices in counts.items():
        for seed in range(seeds):
            builder.intruders(builder.run(rank, seed), 10, of_matrices)
    return builder
