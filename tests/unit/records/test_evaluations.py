"""Evaluations: each under a key of its own, and suites that measure one sampling alone."""

import pytest

from rankscope.records.data import TextFiles
from rankscope.records.evaluations import LONGEST_KEY, BitsPerByte, Classify, key
from rankscope.records.heads import CausalLM, Classifier

HELD = TextFiles(source="text", path="held.txt")


def bits(**changes: object) -> BitsPerByte:
    written = {"kind": "bits-per-byte", "name": "code", "measures": "learning", "data": HELD}
    return BitsPerByte.model_validate(written | changes)


@pytest.mark.parametrize(
    "change", [{"documents": 5}, {"max_bytes_per_document": 99}, {"measures": "forgetting"},
               {"data": TextFiles(source="text", path="other.txt")}],
    ids=str,
)  # fmt: skip
def test_all_that_decides_an_evaluation_is_in_its_key(change: dict[str, object]) -> None:
    assert key(bits(**change)) != key(bits())
    assert key(bits()) == key(bits())


def test_a_version_of_one_kind_renames_that_kind_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key(bits())
    monkeypatch.setattr(Classify, "version", Classify.version + 1)
    assert key(bits()) == before
    monkeypatch.setattr(BitsPerByte, "version", BitsPerByte.version + 1)
    assert key(bits()) != before


def test_a_key_is_a_short_name_of_a_file() -> None:
    for name in ("a name / of much", "é" * 500, "x" * 500):
        found = key(bits(name=name))
        assert "/" not in found
        assert len(found.encode()) <= LONGEST_KEY + 9


def test_text_is_asked_of_a_language_model_and_labels_of_their_classifier() -> None:
    labelled = {"source": "labelled", "path": "rows.jsonl", "labels": ("no", "yes")}
    asked = Classify.model_validate(
        {"kind": "classify", "name": "nli", "measures": "learning", "data": labelled}
    )
    assert asked.head == Classifier(labels=("no", "yes"))
    assert bits().head == CausalLM()
    assert (asked.unit, bits().unit) == ("accuracy", "bits per byte")
