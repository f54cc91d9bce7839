"""The evidence on one category: its classification tasks, and no other."""

from evidence_builder import EvidenceBuilder
from rankscope.report.chapters.mixtures.category import categories_of


def builder() -> EvidenceBuilder:
    """Three unseen tasks, of which the titles have no options, and two seen ones."""
    found = EvidenceBuilder()
    tasks, of = ["entails", "follows", "title"], ["logic", "logic", "writing"]
    unseen = {"test_kind": "inter", "tasks": tasks, "categories": of}
    found.scores("base", "unseen", {0: [1.0, 1.0, 1.0]}, metric="exact_match", **unseen)
    options = {"test_kind": "inter", "tasks": tasks[:2], "categories": of[:2]}
    found.scores("base", "outside", {0: [0.0, 0.0]}, metric="out_of_options", **options)
    seen = {"test_kind": "intra", "tasks": ["entails", "title"], "categories": ["logic", "writing"]}
    found.scores("base", "seen", {0: [1.0, 1.0]}, metric="exact_match", **seen)
    return found


def test_a_category_is_known_by_answers_scored_for_leaving_their_options():
    (category,) = categories_of(builder().build())
    assert (category.name, category.tasks) == ("logic", 2)


def test_unseen_tasks_are_those_of_the_category_and_seen_ones_all_stay():
    (category,) = categories_of(builder().build())
    items = category.evidence.items
    assert set(items.filter(test_kind="inter")["task"]) == {"entails", "follows"}
    assert set(items.filter(test_kind="intra")["task"]) == {"entails", "title"}
    assert items.filter(test_kind="inter").height == 4


def test_categories_come_by_name_and_there_may_be_none():
    several = builder()
    more = {"test_kind": "inter", "tasks": ["x", "y"], "categories": ["art", "zoology"]}
    several.scores("base", "outside", {0: [0.0, 0.0]}, metric="out_of_options", **more)
    assert [each.name for each in categories_of(several.build())] == ["art", "logic", "zoology"]
    assert list(categories_of(EvidenceBuilder().build())) == []
