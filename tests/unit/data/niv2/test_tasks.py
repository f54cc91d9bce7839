"""Reading one task file: both schemas, and everything that can be wrong with it."""

import pytest

from rankscope.data.niv2.tables import tabulated
from rankscope.data.niv2.tasks import Problem, label_of, options, parse_task, text_sha256
from rankscope.evaluate.text_metrics import normalise_answer


def content(**changes) -> dict:
    """A task file in the published schema."""
    return {
        "Categories": ["Sentiment Analysis"],
        "Definition": ["Say whether the text is positive.", "A second definition."],
        "Input_language": ["English"],
        "Output_language": ["English"],
        "Instruction_language": ["English"],
        "Instances": [
            {"id": "task1-a", "input": "fine", "output": ["yes"]},
            {"id": "task1-b", "input": "awful", "output": ["no", "not at all"]},
        ],
    } | changes


def reasons(problems: list[Problem]) -> dict[str, int | None]:
    return {problem.reason: problem.instances for problem in problems}


def test_the_published_schema():
    task, problems = parse_task("task1_x", "train", content(), None)
    assert task is not None
    assert not problems
    assert task.category == "Sentiment Analysis"
    assert task.definition == "Say whether the text is positive."
    assert [(i.id, i.text, i.references) for i in task.instances] == [
        ("task1-a", "fine", ("yes",)),
        ("task1-b", "awful", ("no", "not at all")),
    ]


def test_the_older_schema():
    older = {
        "Categories": "Answer Generation -> Commonsense",
        "Definition": "Say whether the text is positive.",
        "Instances": [{"input": "fine", "output": "yes"}, {"input": "awful", "output": ["no"]}],
    }
    task, problems = parse_task("task1_x", "test", older, "Sentiment Analysis")
    assert task is not None
    assert task.category == "Sentiment Analysis", "the table goes before the file"
    assert task.definition == "Say whether the text is positive."
    assert [i.references for i in task.instances] == [("yes",), ("no",)]
    assert task.instances[0].id == f"task1-{text_sha256('fine')[:32]}"
    assert reasons(problems) == {"no id, or not a unique one": 2, "no language given": None}


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ({"Definition": [""]}, "malformed", "Definition"),
        ({"Definition": 3}, "malformed", "Definition"),
        ({"Categories": []}, "malformed", "category"),
        ({"Instances": None}, "malformed", "Instances"),
        ({"Instances": []}, "empty", "no usable instance"),
        ({"Instances": [{"input": " ", "output": ["yes"]}]}, "empty", "no usable instance"),
        ({"Input_language": ["English", "Urdu"]}, "not English", "Input_language: English/Urdu"),
        ({"Output_language": ["French"]}, "not English", "Output_language: French"),
        ({"Instruction_language": "Urdu"}, "not English", "Instruction_language: Urdu"),
    ],
)
def test_an_unusable_task_is_named_with_the_reason(changes, reason, detail):
    task, problems = parse_task("task1_x", "train", content(**changes), None)
    assert task is None
    assert problems[-1].reason == reason
    assert problems[-1].what == "task left out"
    assert detail in problems[-1].detail


def test_no_object_is_malformed():
    task, problems = parse_task("task1_x", "train", ["no", "object"], None)
    assert task is None
    assert problems[0].reason == "malformed"


def test_unusable_instances_are_counted_by_reason():
    entries = [
        {"id": "a", "input": "one", "output": ["1"]},
        {"id": "b", "input": "one ", "output": ["uno"]},  # the same text
        {"id": "a", "input": "two", "output": ["2", " "]},  # an id used before
        {"id": "c", "input": "", "output": ["3"]},
        {"id": "d", "input": "four", "output": [" "]},
        {"id": "e", "input": "five", "output": [5]},
        {"id": "f", "input": 6, "output": ["6"]},
        "seven",
    ]
    task, problems = parse_task("task1_x", "train", content(Instances=entries), None)
    assert task is not None
    assert [i.references for i in task.instances] == [("1",), ("2",)]
    assert len({i.id for i in task.instances}) == 2
    assert reasons(problems) == {
        "same text as an earlier instance": 1,
        "empty input": 1,
        "empty output": 1,
        "malformed": 3,
        "no id, or not a unique one": 1,
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a b", " a\n b ", True),
        ("caf\u00e9", "cafe\u0301", True),  # composed and decomposed
        ("A b", "a b", False),
        ("a.b", "a b", False),
    ],
)
def test_texts_are_the_same_up_to_white_space_and_composition(one, other, same):
    assert (text_sha256(one) == text_sha256(other)) is same


def test_a_text_that_is_no_valid_unicode_can_be_hashed():
    assert text_sha256("broken \ud800") != text_sha256("broken ")


def test_few_labels_with_many_instances_make_a_classification_task():
    assert options([("yes",), ("no ",)] * 10) == ("no", "yes")
    assert options([("yes",), ("no",)] * 9) is None, "fewer than 10 instances a label"
    assert options([(str(n % 10),) for n in range(100)]) == tuple("0123456789")
    assert options([(str(n % 11),) for n in range(1000)]) is None, "more than 10 labels"


def test_spellings_that_scoring_takes_for_the_same_are_one_label():
    spellings = [("Yes",), ("yes",), ("no",), ("No.",)]
    assert options(spellings * 5) == ("No.", "Yes"), "20 instances of 2 labels"
    assert options([("+",), ("-",)] * 10) == ("+", "-"), "punctuation is not nothing"
    for (text,) in spellings:
        assert label_of(text) == normalise_answer(text)


HALF = "hi \ud83d"  # half of a surrogate pair, which JSON may hold and no file


@pytest.mark.parametrize(
    "changes", [{"Definition": [HALF]}, {"Categories": [HALF]}, {"Output_language": [HALF]}]
)
def test_a_task_whose_own_texts_cannot_be_stored_is_named(changes):
    task, problems = parse_task("task1_x", "train", content(**changes), None)
    assert task is None
    assert problems[-1].reason in ("not valid Unicode", "not English")
    *_, table = tabulated(iter(problems))
    assert table["task"].to_list() == ["task1_x"]


def test_instances_that_cannot_be_stored_are_counted():
    entries = [
        {"id": HALF, "input": "one", "output": ["1"]},
        {"id": "b", "input": HALF, "output": ["2"]},
        {"id": "c", "input": "three", "output": ["3", HALF]},
    ]
    task, problems = parse_task("task1_x", "train", content(Instances=entries), None)
    assert task is not None
    assert [i.text for i in task.instances] == ["one"]
    assert reasons(problems) == {"not valid Unicode": 2, "no id, or not a unique one": 1}
    instances, _, table = tabulated(iter([task, *problems]))
    assert (instances.height, table.height) == (1, 2)
