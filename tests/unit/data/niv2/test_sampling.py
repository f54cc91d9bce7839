"""Every property of the sampling protocol, over random task collections."""

from collections import Counter
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from random_task_collections import World, worlds
from rankscope.data.niv2.sampling import (
    Candidate,
    Drawn,
    TaskPool,
    apportion,
    balanced,
    draw_inter_test,
    draw_intra_test,
    draw_training,
    drawn_reference,
    nested_tasks,
)
from rankscope.errors import DataError

populations = st.dictionaries(
    st.sampled_from("abcdefgh"), st.integers(1, 40), min_size=1, max_size=8
)


# --- tasks in proportion to the categories --------------------------------------------------------


def largest_remainders(available: dict[str, int], size: int) -> dict[str, int]:
    """The textbook method, as an independent oracle."""
    total = sum(available.values())
    counts = {c: size * n // total for c, n in available.items()}
    order = sorted(available, key=lambda c: (-(size * available[c] % total), -available[c], c))
    for category in order[: size - sum(counts.values())]:
        counts[category] += 1
    return counts


@given(populations, st.data())
def test_smallest_mixture_is_largest_remainders(available: dict[str, int], data: st.DataObject):
    size = data.draw(st.integers(0, sum(available.values())))
    assert apportion(available, size) == largest_remainders(available, size)


@given(populations, st.data())
def test_each_category_is_within_one_task_of_its_share(
    available: dict[str, int], data: st.DataObject
):
    total = sum(available.values())
    size = data.draw(st.integers(0, total))
    for category, count in apportion(available, size).items():
        assert abs(count - size * available[category] / total) < 1


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 6), min_size=2, max_size=3), st.data()
)
def test_larger_mixture_is_the_least_squares_one_that_contains_the_smaller(
    available: dict[str, int], data: st.DataObject
):
    total = sum(available.values())
    size = data.draw(st.integers(0, total))
    inside = apportion(available, data.draw(st.integers(0, size)))
    obtained = apportion(available, size, inside)

    def distance(counts: dict[str, int]) -> float:
        return sum((counts[c] * total - size * available[c]) ** 2 for c in available)

    allowed = [
        dict(zip(available, counts, strict=True))
        for counts in product(*(range(inside[c], n + 1) for c, n in available.items()))
        if sum(counts) == size
    ]
    assert sum(obtained.values()) == size
    assert all(inside[c] <= obtained[c] <= available[c] for c in available)
    assert distance(obtained) == min(distance(counts) for counts in allowed)


def test_apportionment_of_a_case_by_hand():
    # the Alabama paradox: a larger house takes a seat from the smallest
    available = {"a": 6, "b": 6, "c": 2}
    assert apportion(available, 10) == {"a": 4, "b": 4, "c": 2}
    assert apportion(available, 11) == {"a": 5, "b": 5, "c": 1}
    # nested in the smaller mixture the seat stays
    assert apportion(available, 11, {"a": 4, "b": 4, "c": 2}) == {"a": 5, "b": 4, "c": 2}


def test_more_tasks_than_there_are_is_an_error():
    with pytest.raises(DataError, match=r"mixture of 5 tasks.*4 training tasks"):
        apportion({"a": 3, "b": 1}, 5)


@given(worlds())
def test_mixtures_are_nested_in_tasks_and_proportional(world: World):
    mixtures = nested_tasks(world.training, world.sizes, world.seed)
    known = {pool.name for pool in world.training}
    for size, names in zip(world.sizes, mixtures, strict=True):
        assert len(names) == len(set(names)) == size
        assert set(names) <= known
    for smaller, larger in pairwise(mixtures):
        assert set(smaller) < set(larger)
    counts = Counter(p.category for p in world.training if p.name in set(mixtures[0]))
    shares = Counter(p.category for p in world.training)
    assert {c: counts[c] for c in shares} == largest_remainders(shares, world.sizes[0])


@given(worlds())
def test_the_smallest_mixture_does_not_depend_on_the_larger_ones(world: World):
    (alone,) = nested_tasks(world.training, world.sizes[:1], world.seed)
    assert set(alone) == set(nested_tasks(world.training, world.sizes, world.seed)[0])


def test_seeds_choose_different_tasks():
    training = tuple(TaskPool(f"t{n}", "c", (Candidate("i", "h"),)) for n in range(40))
    chosen = {frozenset(nested_tasks(training, (10,), seed)[0]) for seed in range(3)}
    assert len(chosen) == 3


# --- examples -------------------------------------------------------------------------------------


def drawn(world: World) -> tuple[Drawn, Drawn, list[Drawn], list[set[str]]]:
    """Intra test, inter test, the training examples per mixture (all tasks last), task names."""
    names = [set(chosen) for chosen in nested_tasks(world.training, world.sizes, world.seed)]
    names.append({pool.name for pool in world.training})
    intra = draw_intra_test(
        [p for p in world.training if p.name in names[0]], world.test_examples, world.seed
    )
    inter = draw_inter_test(world.test, world.test_examples)
    mixtures = [
        draw_training(
            [p for p in world.training if p.name in chosen],
            world.examples,
            world.seed,
            intra.texts | inter.texts,
        )
        for chosen in names
    ]
    return intra, inter, mixtures, names


@given(worlds())
def test_no_training_example_has_the_text_of_a_test_item(world: World):
    intra, inter, mixtures, _ = drawn(world)
    for mixture in mixtures:
        assert not mixture.texts & (intra.texts | inter.texts)
        ids = {(d.task, d.id) for d in mixture.draws}
        assert not ids & {(d.task, d.id) for d in intra.draws}


@given(worlds())
def test_mixtures_are_nested_in_examples(world: World):
    *_, mixtures, _ = drawn(world)
    for smaller, larger in pairwise(mixtures):
        assert set(smaller.draws) <= set(larger.draws)


@given(worlds())
def test_every_task_gives_what_was_asked_or_all_it_has_and_is_listed(world: World):
    intra, inter, mixtures, names = drawn(world)
    forbidden = intra.texts | inter.texts
    for mixture, chosen in zip(mixtures, names, strict=True):
        counts = Counter(d.task for d in mixture.draws)
        short = {s.task: s for s in mixture.shortages}
        for pool in world.training:
            free = sum(c.sha256 not in forbidden for c in pool.candidates)
            expected = min(world.examples, free) if pool.name in chosen else 0
            assert counts[pool.name] == expected
            assert (pool.name in short) == (pool.name in chosen and expected < world.examples)
        for shortage in short.values():
            pool = next(p for p in world.training if p.name == shortage.task)
            assert shortage.asked == world.examples
            assert shortage.obtained == counts[shortage.task]
            assert shortage.forbidden == sum(c.sha256 in forbidden for c in pool.candidates)


@given(worlds())
def test_test_sets_give_what_was_asked_or_all_there_is(world: World):
    intra, inter, _, names = drawn(world)
    for test, tested in (
        (intra, [p for p in world.training if p.name in names[0]]),
        (inter, world.test),
    ):
        counts = Counter(d.task for d in test.draws)
        for pool in tested:
            assert counts[pool.name] == min(world.test_examples, len(pool.candidates))
        assert sum(counts.values()) == len({(d.task, d.id) for d in test.draws})
        short = {p.name for p in tested if len(p.candidates) < world.test_examples}
        assert {s.task for s in test.shortages} == short


@given(worlds(), st.randoms())
def test_the_order_of_tasks_and_instances_does_not_matter(world: World, rng):
    shuffled = [
        TaskPool(p.name, p.category, tuple(rng.sample(p.candidates, len(p.candidates))))
        for p in rng.sample(world.training, len(world.training))
    ]
    other = World(
        tuple(shuffled), world.test, world.sizes, world.examples, world.test_examples, world.seed
    )
    intra, _, mixtures, _ = drawn(world)
    intra_again, _, mixtures_again, _ = drawn(other)
    assert set(intra.draws) == set(intra_again.draws)
    for mixture, again in zip(mixtures, mixtures_again, strict=True):
        assert set(mixture.draws) == set(again.draws)


@given(worlds())
def test_with_replacement_every_task_with_a_free_instance_gives_exactly_what_was_asked(
    world: World,
):
    forbidden = draw_inter_test(world.test, world.test_examples).texts
    asked = 3 * world.examples
    mixture = draw_training(world.training, asked, world.seed, forbidden, with_replacement=True)
    counts = Counter(d.task for d in mixture.draws)
    for pool in world.training:
        free = {c.id for c in pool.candidates if c.sha256 not in forbidden}
        assert counts[pool.name] == (asked if free else 0)
        assert {d.id for d in mixture.draws if d.task == pool.name} <= free
    assert len(set(mixture.draws)) == len(mixture.draws), "repetitions are numbered"
    assert not mixture.texts & forbidden


def test_the_fixed_total_series_has_25000_rows():
    training = tuple(
        TaskPool(
            f"t{n:03d}", f"c{n % 7}", tuple(Candidate(f"i{k}", f"{n}-{k}") for k in range(120))
        )
        for n in range(600)
    )
    t100, t500 = nested_tasks(training, (100, 500), 0)
    for names, per_task in ((t100, 250), (t500, 50)):
        chosen = [p for p in training if p.name in set(names)]
        mixture = draw_training(chosen, per_task, 0, frozenset(), with_replacement=True)
        assert len(mixture.draws) == 25_000
        assert set(Counter(d.task for d in mixture.draws).values()) == {per_task}


def test_with_replacement_means_repetition():
    pool = TaskPool("t", "c", tuple(Candidate(f"i{k}", f"h{k}") for k in range(50)))
    mixture = draw_training([pool], 50, 0, frozenset(), with_replacement=True)
    assert 20 < len({d.id for d in mixture.draws}) < 45  # expected 50 (1 - 1/e) = 31.8


# --- references -----------------------------------------------------------------------------------


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5), st.integers(0, 3), st.text())
def test_the_drawn_reference_is_one_of_them_and_always_the_same(references, seed, instance):
    drawn = drawn_reference(references, seed, "task", instance, 0)
    assert drawn in [reference.strip() for reference in references]
    assert drawn == drawn_reference(references, seed, "task", instance, 0)


def test_references_are_drawn_evenly_and_anew_for_each_seed_and_repetition():
    references = ["a", "b", "c"]
    drawn = [drawn_reference(references, 0, "task", str(n), 0) for n in range(900)]
    assert all(240 < drawn.count(reference) < 360 for reference in references)
    assert drawn != [drawn_reference(references, 1, "task", str(n), 0) for n in range(900)]
    assert drawn != [drawn_reference(references, 0, "task", str(n), 1) for n in range(900)]


# --- balance --------------------------------------------------------------------------------------

labelled = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=60)


def candidates(labels: list[str]) -> tuple[Candidate, ...]:
    return tuple(Candidate(f"i{n}", f"h{n}", label) for n, label in enumerate(labels))


@given(labelled, st.integers(1, 40))
def test_labels_are_as_equal_as_the_task_allows(labels: list[str], size: int):
    chosen = balanced(candidates(labels), size)
    counts, available = Counter(c.label for c in chosen), Counter(labels)
    assert len(chosen) == min(size, len(labels))
    for one, another in product(available, repeat=2):
        if counts[one] < available[one]:  # `one` still had items left
            assert counts[another] <= counts[one] + 1


@given(st.integers(1, 10), st.permutations(["a", "b", "c"] * 4), labelled)
def test_a_balanced_beginning_is_taken_as_it_is(size, beginning, rest):
    chosen = balanced(candidates([*beginning, *rest]), 12)
    assert [c.id for c in chosen] == [f"i{n}" for n in range(12)]


@settings(max_examples=20)
@given(st.integers(1, 30), st.integers(1, 30))
def test_without_labels_the_first_are_taken(count: int, size: int):
    unlabelled = tuple(Candidate(f"i{n}", f"h{n}") for n in range(count))
    assert balanced(unlabelled, size) == unlabelled[:size]


def test_keyed_choice_is_pinned():
    # a changed draw would make every cached mixture stale: raise the stage version with it
    pool = TaskPool("t", "c", tuple(Candidate(f"i{k}", f"h{k}") for k in range(10)))
    assert [d.id for d in draw_intra_test([pool], 3, 0).draws] == ["i4", "i2", "i1"]
    assert [d.id for d in draw_training([pool], 3, 0, frozenset()).draws] == ["i5", "i6", "i8"]
