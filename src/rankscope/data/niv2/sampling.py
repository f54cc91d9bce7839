"""Which tasks and which examples: the sampling protocol of the multi-task study.

Guarantees, for any collection and sampling seed:
- Test items are drawn first, and no training example has the text of one, under whatever id or
  task. Shortages are reported, never filled up.
- Tasks are drawn in proportion to the categories: the smallest mixture by the method of largest
  remainders, each larger one as near to its shares (in least squares) as containing the smaller
  one allows. Mixtures of one seed are nested in tasks and in examples.
- A choice depends on the seed and on the names, ids and texts it chooses from, not on the order
  of files, on Python's hashing, or (forbidden texts aside) on which other tasks take part.

Source: "Beyond Full Fine-tuning" (Xin et al., LREC-COLING 2024), section 3.1. Where the paper is
silent: one intra-task test set per sampling seed; inter-task items in file order, balanced over
labels (the official first 100, where those are balanced).

    all training tasks ──▶ tasks of T100 ⊂ T250 ⊂ T500 ⊂ Tall
                              │ 100 test items each (intra)
    test tasks ──────────────▶│ 100 test items each (inter)
                              ▼
         texts that are forbidden ──▶ 100 training examples a task
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from rankscope.errors import DataError

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instance as far as sampling looks at it; `label` only for classification tasks."""

    id: str
    sha256: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class TaskPool:
    """A task and the instances that can be drawn, in the order of its file."""

    name: str
    category: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """One drawn instance; `draw` counts repetitions of it within its task, from 0."""

    task: str
    category: str
    id: str
    sha256: str
    draw: int = 0


@dataclass(frozen=True, slots=True)
class Shortage:
    """A task that gave fewer instances than asked for.

    `forbidden` instances were not available because a test item has the same text.
    """

    split: str
    task: str
    category: str
    asked: int
    obtained: int
    forbidden: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn for one split, with the tasks that fell short."""

    draws: tuple[Draw, ...]
    shortages: tuple[Shortage, ...]

    @property
    def texts(self) -> frozenset[str]:
        """Hashes of the drawn texts."""
        return frozenset(draw.sha256 for draw in self.draws)


# --- tasks ----------------------------------------------------------------------------------------


def apportion(
    available: Mapping[str, int], size: int, inside: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Return how many tasks of each category a mixture of `size` tasks takes.

    Each next task goes to the category furthest below its share, size × available / total, starting
    from the counts of the smaller mixture `inside`. From nothing this is the method of largest
    remainders; in any case it minimises the sum of squared deviations from the shares among all
    counts that contain `inside`. Ties go to the larger category, then to the alphabet.

    Raises:
        DataError: there are fewer than `size` tasks, or more than `size` lie inside.
    """
    total, counts = sum(available.values()), dict.fromkeys(available, 0)
    counts.update(inside or {})
    if not sum(counts.values()) <= size <= total:
        raise DataError(
            f"a mixture of {size} tasks cannot be drawn: {total} training tasks are available and"
            f" {sum(counts.values())} lie in the mixture nested in it"
        )
    shares = {category: Fraction(size * n, total) for category, n in available.items()}
    for _ in range(size - sum(counts.values())):
        open_ones = [category for category in available if counts[category] < available[category]]
        furthest = min(open_ones, key=lambda c: (counts[c] - shares[c], -available[c], c))
        counts[furthest] += 1
    return counts


def nested_tasks(
    pools: Iterable[TaskPool], sizes: Sequence[int], seed: int
) -> tuple[tuple[str, ...], ...]:
    """Return the task names of nested mixtures, one tuple per size, sizes ascending.

    Raises:
        DataError: there are not enough tasks.
    """
    by_category: dict[str, list[str]] = defaultdict(list)
    for pool in pools:
        by_category[pool.category].append(pool.name)
    available = {category: len(names) for category, names in sorted(by_category.items())}
    order = {c: keyed_order(names, str, seed, "tasks") for c, names in by_category.items()}
    mixtures, counts = [], dict[str, int]()
    for size in sizes:
        counts = apportion(available, size, counts)
        mixtures.append(tuple(name for c, n in counts.items() for name in order[c][:n]))
    return tuple(mixtures)


# --- test items -----------------------------------------------------------------------------------


def draw_intra_test(pools: Iterable[TaskPool], per_task: int, seed: int) -> Drawn:
    """Draw the seen-task test items: `per_task` of each task, at random."""
    return _drawn(
        "intra",
        per_task,
        [(p, keyed_order(p.candidates, _id, seed, "test", p.name)[:per_task], 0) for p in pools],
    )


def draw_inter_test(pools: Iterable[TaskPool], per_task: int) -> Drawn:
    """Draw the unseen-task test items: in file order, balanced over labels where there are any."""
    return _drawn("inter", per_task, [(p, balanced(p.candidates, per_task), 0) for p in pools])


def balanced(candidates: Sequence[Candidate], size: int) -> tuple[Candidate, ...]:
    """Take `size` candidates in file order, label after label in turn.

    No label has more than one item above another that still had items left. Where the first `size`
    are balanced already, these are taken. Without labels: the first `size`.
    """
    queues: dict[str | None, list[int]] = defaultdict(list)
    for position, candidate in enumerate(candidates):
        queues[candidate.label].append(position)
    rounds = sorted(
        (turn, positions[turn]) for positions in queues.values() for turn in range(len(positions))
    )
    return tuple(candidates[position] for position in sorted(p for _, p in rounds[:size]))


# --- training examples ----------------------------------------------------------------------------


def draw_training(
    pools: Iterable[TaskPool],
    per_task: int,
    seed: int,
    forbidden: frozenset[str],
    with_replacement: bool = False,
) -> Drawn:
    """Draw `per_task` training examples of each task, none with a text in `forbidden`.

    Without replacement, a task with fewer gives all it has; with replacement, only a task without
    any falls short. The examples of a task are the same in every mixture of the seed.
    """
    chosen = []
    for pool in pools:
        free = [c for c in pool.candidates if c.sha256 not in forbidden]
        ordered = keyed_order(free, _id, seed, "train", pool.name)
        if with_replacement and ordered:
            ordered = [
                ordered[number(seed, "replacement", pool.name, turn) % len(ordered)]
                for turn in range(per_task)
            ]
        chosen.append((pool, ordered[:per_task], len(pool.candidates) - len(free)))
    return _drawn("train", per_task, chosen)


def _drawn(
    split: str, asked: int, chosen: Iterable[tuple[TaskPool, Sequence[Candidate], int]]
) -> Drawn:
    draws, shortages = [], []
    for pool, candidates, forbidden in chosen:
        seen: Counter[str] = Counter()
        for c in candidates:
            draws.append(Draw(pool.name, pool.category, c.id, c.sha256, seen[c.id]))
            seen[c.id] += 1
        if len(candidates) < asked:
            shortages.append(
                Shortage(split, pool.name, pool.category, asked, len(candidates), forbidden)
            )
    return Drawn(tuple(draws), tuple(shortages))


# --- seeded choice --------------------------------------------------------------------------------


def keyed_order(
    items: Iterable[Item], key: Callable[[Item], str], seed: int, *context: str
) -> list[Item]:
    """Shuffle by the hash of seed, context and each item's key.

    Unlike a random generator's shuffle, the order of two items never depends on the others.
    """
    return sorted(items, key=lambda item: (number(seed, *context, key(item)), key(item)))


def _id(candidate: Candidate) -> str:
    return candidate.id


def drawn_reference(
    references: Sequence[str], seed: int, task: str, instance: str, draw: int
) -> str:
    """Choose the reference that a training example is trained on.

    The repetitions of an example drawn with replacement each draw anew.
    """
    return references[number(seed, "reference", task, instance, draw) % len(references)].strip()


def number(*parts: object) -> int:
    """Hash `parts` to a number below 2^64."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big")
