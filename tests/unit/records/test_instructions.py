"""The records: what is refused, and what a name depends on."""

import pytest
from pydantic import ValidationError

from mixture_series import fixed_total_mixtures, nested_mixtures
from rankscope.records.instructions import MadeTasks, Mixture, Niv2Tasks, TestSet

MADE = MadeTasks(source="made-tasks")
SIZES = (100, 250, 500)


def mixture(**changes) -> Mixture:
    return Mixture.model_validate({"source": "mixture", "tasks": MADE, "size": 100} | changes)


def test_adding_a_larger_mixture_renames_no_other():
    before = nested_mixtures(MADE, (100, 250), 0)
    after = nested_mixtures(MADE, SIZES, 0)
    assert {label: m.name for label, m in before.items()}.items() <= {
        label: m.name for label, m in after.items()
    }.items()


def test_mixtures_of_a_sampling_share_their_test_sets():
    mixtures = [
        *nested_mixtures(MADE, SIZES, 0).values(),
        *fixed_total_mixtures(MADE, SIZES, 25_000, (100, 500), 0).values(),
    ]
    assert len({m.name for m in mixtures}) == 6
    assert len({m.test_set("intra").name for m in mixtures}) == 1
    other = nested_mixtures(MADE, SIZES, 1)["T100"]
    assert other.test_set("intra").name != mixtures[0].test_set("intra").name
    assert other.test_set("inter").name == mixtures[0].test_set("inter").name


def test_labels():
    assert mixture().label(757) == "T100"
    assert mixture(with_replacement=True).label(757) == "T*100"
    assert mixture(size="all", nested=(100,)).label(757) == "T757"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"nested": (100,)}, "ascending"),
        ({"nested": (50, 20)}, "ascending"),
        ({"size": "all"}, "needs the size of the smallest mixture"),
        ({"size": 0}, "greater than 0"),
        ({"size": "100"}, "all"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_a_mixture_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        mixture(**changes)


def test_test_sets_that_make_no_sense_are_refused():
    with pytest.raises(ValidationError, match="needs `tasks_tested`"):
        TestSet(source="test-set", kind="intra", tasks=MADE)
    with pytest.raises(ValidationError, match="has no `tasks_tested`"):
        TestSet(source="test-set", kind="inter", tasks=MADE, sampling_seed=0)


def test_a_commit_is_a_whole_hash():
    with pytest.raises(ValidationError, match="pattern"):
        Niv2Tasks(source="niv2", path="x", commit="b00871c")


def test_a_drawn_mixture_has_a_name_of_its_own():
    undrawn = mixture()
    assert undrawn.name != undrawn.drawn(0).name != undrawn.drawn(1).name
    assert undrawn.drawn(0) == mixture(sampling_seed=0)
    assert undrawn.drawn(0).drawn(1) == undrawn.drawn(0), "a given seed stays"
    assert mixture(with_replacement=True).series == "T*100"


def test_what_mixtures_and_test_sets_say_of_themselves():
    one = mixture(size=12, sampling_seed=3)
    assert (one.drawn_with, one.series) == (3, "T12")
    assert (one.tasks_asked, one.collection) == (12, "made-tasks")
    assert one.whatever_sampling == mixture(size=12)
    assert one.described == "T12 (100 examples per task)"
    intra, inter = one.test_set("intra"), one.test_set("inter")
    assert (intra.drawn_with, inter.drawn_with) == (3, None)
    assert (intra.tests, inter.tests, one.tests) == ("intra", "inter", None)
    assert intra.described == (
        "100 items of each task of the smallest mixture of the run's own sampling"
    )
    assert inter.described == "100 items of each task that no run was trained on"
    parts = {each.kept_apart_within for each in (one, intra, inter)}
    assert parts == {MADE.name}
