"""Notes on mixtures of which one need not lie inside the other."""

from itertools import combinations

from rankscope.check.subject import Subject
from rankscope.records.instructions import Mixture


def nesting(subject: Subject) -> list[str]:
    """Note the pairs of a sampling's mixtures of which one need not lie inside the other.

    A mixture lies inside a larger one for certain if the larger one's `nested` begins with its own
    sizes and its size; inside all tasks, if both have the same smallest size, whose tasks are
    tested. No mistake: a study may compare what is not nested.
    """
    listed = [
        (("data", label), spec)
        for label, spec in subject.file.data.items()
        if isinstance(spec, Mixture)
    ]
    by_size = sorted(listed, key=lambda entry: (entry[1].size == "all", entry[1].chain[-1]))
    return [
        subject.note(
            (*place, "nested"),
            f"{inner[1]} need not lie inside {place[1]}: for tasks and examples of the one inside"
            f" the other, `nested` of {place[1]} begins with {_begins(smaller, larger)}",
        )
        for (inner, smaller), (place, larger) in combinations(by_size, 2)
        if (smaller.tasks.name, smaller.sampling_seed) == (larger.tasks.name, larger.sampling_seed)
        and not _inside(smaller, larger)
    ]


def _inside(smaller: Mixture, larger: Mixture) -> bool:
    if larger.size == "all":
        return smaller.chain[0] == larger.chain[0]
    return larger.chain[: len(smaller.chain)] == smaller.chain


def _begins(smaller: Mixture, larger: Mixture) -> list[int]:
    """Return how the larger one's `nested` would begin."""
    if larger.size == "all":
        return [smaller.chain[0]]
    return [size for size in smaller.chain if size != larger.size]
