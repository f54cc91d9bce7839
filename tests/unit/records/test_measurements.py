"""What is measured on a subject: its names, and what they are made from."""

from pathlib import Path

import pytest

from rankscope.records.bases import LocalBase
from rankscope.records.data import TextFiles
from rankscope.records.evaluations import BitsPerByte, Suite
from rankscope.records.keys import PUBLISHED, VERSION_KEYS
from rankscope.records.measurements import (
    Answers,
    HubVersion,
    LocalVersion,
    Published,
    Scores,
    Subject,
)
from rankscope.records.methods import Lora
from rankscope.records.recipes import Recipe
from rankscope.records.runs import Run

BASE = LocalBase(source="local", path="models/mine")
TEXT, HELD = (TextFiles(source="text", path=f"{name}.txt") for name in ("text", "held"))
RUN = Run(
    base=BASE,
    data=TEXT,
    method=Lora(rank=4, alpha=8.0),
    recipe=Recipe(learning_rate=0.1, steps=2),
    seed=0,
)

VERSION = Published(
    base=BASE, label="theirs", where=LocalVersion(source="local", path="theirs", found="as it was")
)


def asked(name: str, data: TextFiles = HELD) -> BitsPerByte:
    written = {"kind": "bits-per-byte", "name": name, "measures": "learning", "data": data}
    return BitsPerByte.model_validate(written)


def answers(subject: Subject = RUN, *evaluations: BitsPerByte) -> Answers:
    suite = Suite(suite="tiny", evaluations=evaluations or (asked("one"),))
    return Answers(subjects=(subject,), suite=suite)


@pytest.mark.parametrize("subject", [RUN, BASE, VERSION], ids=["run", "base", "version"])
def test_they_are_made_from_what_loads_the_subject_and_the_data_asked_about(
    subject: Subject,
) -> None:
    made = answers(subject, asked("one"), asked("two"), asked("three", TEXT))
    assert made.sources == (*subject.loaded, HELD, TEXT), "each data variant once"
    assert Scores(answers=made).sources == (made,)


def test_a_name_says_the_subject_and_the_suite() -> None:
    made = answers()
    assert made.name.startswith(f"{RUN.name}-tiny-")
    assert Scores(answers=made).slug == made.slug
    assert Scores(answers=made).name != made.name


def test_subject_and_questions_decide_a_name() -> None:
    names = {
        answers().name,
        answers(BASE).name,
        answers(RUN.replaced(seed=1)).name,
        answers(RUN, asked("one", TEXT)).name,
        answers(RUN, asked("one"), asked("two")).name,
    }
    assert len(names) == 5
    assert answers().name == answers().name


def test_a_version_of_the_evaluation_renames_what_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = answers().name, Scores(answers=answers()).name
    monkeypatch.setattr(BitsPerByte, "version", BitsPerByte.version + 1)
    after = answers().name, Scores(answers=answers()).name
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_a_published_version_is_one_of_its_base_that_no_run_made() -> None:
    (version,) = VERSION.versions(lambda verb, name: {0: Path(verb, name)})
    assert version.folder == Path("base version", VERSION.name)
    assert (version.name, version.origin) == (VERSION.name, BASE.name)
    assert VERSION.keys() == dict.fromkeys(VERSION_KEYS) | {
        "run": VERSION.name, "base": BASE.name, "family": PUBLISHED, "method": "theirs",
    }  # fmt: skip


def test_what_lies_there_and_its_label_decide_the_name_of_a_published_version() -> None:
    where = VERSION.where
    hub = HubVersion(source="hub", repository="some/lora", revision="0" * 40)
    names = {
        VERSION.name,
        VERSION.replaced(label="ours").name,
        VERSION.replaced(where=where.replaced(found="as it is")).name,
        VERSION.replaced(where=hub).name,
        VERSION.replaced(base=LocalBase(source="local", path="models/other")).name,
    }
    assert len(names) == 5
