"""The field that reading a study hands in: refused where a person writes it, kept in JSON."""

from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from rankscope.records.data import DataSpec, StandardLibrary, TextFiles
from rankscope.records.found import Located
from rankscope.records.labels import ByLabel, Variants
from rankscope.records.record import Spec

WRITTEN = {"source": "text", "path": "mine.txt"}


class Grid(Spec):
    inside: Annotated[TextFiles | StandardLibrary, Field(discriminator="source"), ByLabel()]


def reading(look=lambda record: f"what lies at {record.path}") -> Variants:
    return Variants({"mine": WRITTEN}, DataSpec, look)


def test_reading_hands_in_what_lies_there():
    record = TypeAdapter(DataSpec).validate_python(WRITTEN, context=reading())
    assert record == TextFiles(**WRITTEN, found="what lies at mine.txt")
    for inside in (WRITTEN, "mine"):
        assert Grid.model_validate({"inside": inside}, context=reading()).inside == record


def test_a_record_that_is_made_otherwise_looks_nowhere(monkeypatch):
    for name in ("open", "stat", "exists", "is_dir", "glob"):
        monkeypatch.setattr(f"pathlib.Path.{name}", lambda *_: pytest.fail("it reads the disk"))
    record = TextFiles(**WRITTEN)
    assert record.found is None
    assert record.name == TextFiles(**WRITTEN).name


def test_what_was_found_decides_the_name_and_survives_json():
    record = TextFiles(**WRITTEN, found="one")
    assert record.name not in (TextFiles(**WRITTEN).name, TextFiles(**WRITTEN, found="two").name)
    again = TextFiles.model_validate_json(record.model_dump_json(), strict=True)
    assert (again, again.name) == (record, record.name)


@pytest.mark.parametrize("value", ["3f9a", None])
def test_a_person_cannot_write_it(value):
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(DataSpec).validate_python(WRITTEN | {"found": value}, context=reading())
    (error,) = refused.value.errors()
    assert (error["type"], error["loc"][-1]) == ("extra_forbidden", "found")


def test_editors_are_not_told_of_it():
    assert "found" in Located.model_fields
    assert "found" not in TextFiles.model_json_schema()["properties"]
