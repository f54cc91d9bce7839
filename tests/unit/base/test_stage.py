"""Every kind of base has a module that makes it."""

from importlib import import_module
from typing import get_args

import pytest

from rankscope.records.runs import TrainedBase

SOURCES = [kind.model_fields["source"].annotation for kind in get_args(TrainedBase)]


@pytest.mark.parametrize("source", [get_args(source)[0] for source in SOURCES])
def test_every_source_has_a_module_of_its_name(source: str) -> None:
    assert callable(import_module(f"rankscope.base.kinds.{source}").make)
