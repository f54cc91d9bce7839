"""Labelled text: its labels are the classifier's, and one side of the split is said in one way."""

import pytest
from pydantic import ValidationError

from rankscope.records.heads import Classifier
from rankscope.records.labelled import LabelledText


def labelled(**changes: object) -> LabelledText:
    written = {"source": "labelled", "path": "rows.jsonl", "labels": ("no", "yes")}
    return LabelledText.model_validate(written | changes)


def test_the_head_has_the_labels_in_their_order() -> None:
    assert labelled().head == Classifier(labels=("no", "yes"))
    assert labelled(labels=("yes", "no")).name != labelled().name


def test_a_share_is_held_out_unless_a_file_is() -> None:
    assert labelled().fraction == 0.1
    assert labelled(heldout_fraction=0.25).fraction == 0.25
    files = labelled(heldout_path="held.jsonl").file_sets
    assert [each.root for each in files] == ["rows.jsonl", "held.jsonl"]
    with pytest.raises(ValidationError, match=r"`heldout_fraction: 0.2` contradicts"):
        labelled(heldout_fraction=0.2, heldout_path="held.jsonl")


@pytest.mark.parametrize(
    "changes",
    [{"labels": ("one",)}, {"labels": ()}, {"text_fields": ("a", "b", "c")}, {"text_fields": ()},
     {"max_rows": 0}, {"heldout_fraction": 1.0}, {"unknown": 1}],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        labelled(**changes)
