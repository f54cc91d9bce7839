"""Every data source has a module of its name, and every way of training on one an encoding."""

import inspect
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

from rankscope.data import encodings, kinds
from rankscope.records.data import DataSpec, TrainingSpec

RECORDS = get_args(get_args(DataSpec)[0])


def source_of(record: type) -> str:
    (source,) = get_args(record.model_fields["source"].annotation)
    return source


def modules(package) -> set[str]:
    (folder,) = package.__path__
    return {path.stem for path in Path(folder).glob("*.py")} - {"__init__"}


def test_the_modules_are_those_of_the_sources():
    assert modules(kinds) == {source_of(record).replace("-", "_") for record in RECORDS}


def test_the_encodings_are_the_ways_in_which_something_is_trained_on():
    assert modules(encodings) == {record.trained_as for record in RECORDS} - {None}


def test_what_a_run_may_name_is_what_can_be_trained_on():
    assert {record for record in RECORDS if record.trained_as} == set(
        get_args(get_args(TrainingSpec)[0])
    )


@pytest.mark.parametrize("record", RECORDS, ids=source_of)
def test_a_source_gives_content_of_its_record(record):
    module = import_module(f"{kinds.__name__}.{source_of(record).replace('-', '_')}")
    content = inspect.signature(module.content, eval_str=True)
    spec, made_from = content.parameters.values()
    assert spec.annotation is record
    assert made_from.annotation == tuple[Path, ...]


@pytest.mark.parametrize("name", sorted(modules(encodings)))
def test_an_encoding_has_an_encoder_and_what_it_gives(name):
    module = import_module(f"{encodings.__name__}.{name}")
    assert [*inspect.signature(module.encoder).parameters] == ["spec", "model", "length"]
    assert [*inspect.signature(module.encoded).parameters] == ["spec", "rows", "encoder", "length"]
