"""Heads: which look back alone, and that a classifier has something to choose between."""

import pytest
from pydantic import TypeAdapter, ValidationError

from rankscope.records.heads import CausalLM, Classifier, Head, MaskedLM

ADAPTER: TypeAdapter[Head] = TypeAdapter(Head)


@pytest.mark.parametrize(
    ("written", "head", "looks_back"),
    [
        ({"kind": "causal-lm"}, CausalLM(), True),
        ({"kind": "masked-lm"}, MaskedLM(), False),
        ({"kind": "classifier", "labels": ("a", "b")}, Classifier(labels=("a", "b")), False),
    ],
)
def test_a_kind_is_its_record(written: dict[str, object], head: Head, looks_back: bool) -> None:
    assert ADAPTER.validate_python(written) == head
    assert head.looks_back is looks_back


@pytest.mark.parametrize(
    "written", [{}, {"kind": "qa"}, {"kind": "classifier", "labels": ("only",)},
                {"kind": "causal-lm", "labels": ("a", "b")}],
)  # fmt: skip
def test_what_is_no_head_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(written)


def test_the_order_of_labels_counts() -> None:
    assert Classifier(labels=("a", "b")).identity() != Classifier(labels=("b", "a")).identity()
