"""Hypothesis strategies: random task collections, with texts that tasks share."""

from dataclasses import dataclass

from hypothesis import strategies as st

from rankscope.data.niv2.sampling import Candidate, TaskPool

CATEGORIES = ("Alpha", "Beta", "Gamma", "Delta", "Epsilon")
LABELS = ("yes", "no", "maybe")


@dataclass(frozen=True)
class World:
    """A collection and what is asked of it."""

    training: tuple[TaskPool, ...]
    test: tuple[TaskPool, ...]
    sizes: tuple[int, ...]
    examples: int
    test_examples: int
    seed: int


@st.composite
def pools(draw: st.DrawFn, prefix: str, minimum: int, maximum: int) -> tuple[TaskPool, ...]:
    """Tasks whose texts come from a small common stock: some share one, some hold one twice."""
    made = []
    for number in range(draw(st.integers(minimum, maximum))):
        name = f"{prefix}{number:03d}"
        texts = draw(st.lists(st.integers(0, 120), min_size=1, max_size=25))
        labelled = draw(st.booleans())
        candidates = tuple(
            Candidate(
                id=f"{name}-{position}",
                sha256=f"text{text}",
                label=LABELS[text % 7 % 3] if labelled else None,
            )
            for position, text in enumerate(texts)
        )
        made.append(TaskPool(name, draw(st.sampled_from(CATEGORIES)), candidates))
    return tuple(made)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A whole sampling problem: training and test tasks, sizes, counts and seed."""
    training = draw(pools("train", 3, 20))
    sizes = draw(st.sets(st.integers(1, len(training)), min_size=1, max_size=3))
    return World(
        training=training,
        test=draw(pools("test", 1, 4)),
        sizes=tuple(sorted(sizes)),
        examples=draw(st.integers(1, 12)),
        test_examples=draw(st.integers(1, 12)),
        seed=draw(st.integers(0, 5)),
    )
