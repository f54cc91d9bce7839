"""Variants by their labels: the variant itself in the end, and no variant inside of itself."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from rankscope.records.data import Continuations, DataSpec, TextFiles
from rankscope.records.labels import REPORTED_ELSEWHERE, Variants

LIBRARY = {"source": "standard-library", "content": "english"}
ITEMS = {"source": "continuations", "documents": "texts", "items": 5}


def variants(**written: Any) -> Variants:
    return Variants(written, DataSpec, lambda _: None)


def validated(value: Any, known: Variants | None) -> Any:
    return TypeAdapter(Continuations).validate_python(value, context=known)


def errors(value: Any, known: Variants | None) -> list[Any]:
    with pytest.raises(ValidationError) as refused:
        validated(value, known)
    return refused.value.errors()


def test_a_label_and_what_it_stands_for_are_the_same_record() -> None:
    by_label = validated(ITEMS, variants(texts=LIBRARY))
    in_place = validated(ITEMS | {"documents": LIBRARY}, None)
    assert by_label == in_place
    assert by_label.name == in_place.name


def test_an_unknown_label_is_told_with_those_that_are_known() -> None:
    for known, listed in ((variants(other=LIBRARY), "other"), (variants(), "none"), (None, "none")):
        (error,) = errors(ITEMS, known)
        assert error["type"] == "rankscope_unknown_label"
        assert error["msg"].endswith(f"the section `data` defines: {listed}")


def test_a_variant_of_another_kind_is_refused_before_it_is_looked_into() -> None:
    """So that none can contain itself, either."""
    (error,) = errors(ITEMS, variants(texts=ITEMS))
    assert error["type"] == "rankscope_wrong_kind"
    assert '"texts" has the source continuations; allowed here: ' in error["msg"]


def test_a_mistake_in_a_variant_is_reported_once_where_it_stands() -> None:
    (error,) = errors(ITEMS, variants(texts=LIBRARY | {"content": "french"}))
    assert error["type"] == REPORTED_ELSEWHERE


def test_a_variant_is_validated_once_however_often_it_is_named() -> None:
    known = variants(texts=LIBRARY)
    assert known.variant("texts", ("standard-library",)) is known.variant(
        "texts", ("standard-library", "text")
    )
    assert TextFiles.model_fields["source"].annotation is not None
