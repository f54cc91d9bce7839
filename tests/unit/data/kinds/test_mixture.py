"""Training examples of mixtures, drawn after both of their test sets."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mixture_series import nested_mixtures
from random_task_collections import World, worlds
from rankscope.data.kinds.mixture import draw_mixture
from rankscope.data.niv2.draws import draw_test
from rankscope.data.niv2.sampling import nested_tasks
from rankscope.records.instructions import MadeTasks

MADE = MadeTasks(source="made-tasks")


@given(worlds(), st.booleans())
def test_what_the_stage_draws_is_nested_and_contains_no_test_item(world: World, star: bool):
    """`draw_mixture` itself: each mixture of a study, T* included, against both test sets."""
    pools = {"train": world.training, "test": world.test}
    mixtures = nested_mixtures(
        MADE, world.sizes, world.seed, world.examples, world.test_examples
    ).values()
    if star:
        mixtures = [each.replaced(with_replacement=True) for each in mixtures]
    trained = [draw_mixture(mixture, pools) for mixture in mixtures]
    tests = [draw_test(mixture.test_set("intra"), pools) for mixture in mixtures]
    inter = draw_test(next(iter(mixtures)).test_set("inter"), pools)
    names = nested_tasks(world.training, world.sizes, world.seed)
    assert {test.draws for test in tests} == {tests[0].draws}, "one test set of seen tasks"
    assert {draw.task for draw in tests[0].draws} == set(names[0])
    assert {draw.task for draw in inter.draws} == {pool.name for pool in world.test}
    forbidden = tests[0].texts | inter.texts
    every = [pool.name for pool in world.training]
    for mixture, chosen in zip(trained, [*names, every], strict=True):
        assert not mixture.texts & forbidden
        counts = Counter(draw.task for draw in mixture.draws)
        for pool in world.training:
            free = sum(c.sha256 not in forbidden for c in pool.candidates)
            asked = world.examples if star and free else min(world.examples, free)
            assert counts[pool.name] == (asked if pool.name in chosen else 0)
    for smaller, larger in pairwise(trained):
        assert set(smaller.draws) <= set(larger.draws)
