"""A collection in a folder: what it was read from, and that it is what the study named."""

from pathlib import Path

import pytest

from rankscope.data.kinds.niv2 import content
from rankscope.errors import ArtefactError, DataError
from rankscope.records.instructions import Niv2Tasks
from rankscope.studies.found import look
from small_collection import TASKS, write_collection


def spec(folder: Path) -> Niv2Tasks:
    named = Niv2Tasks(source="niv2", path=str(folder))
    return named.replaced(found=look(named))


def test_a_folder_is_read_and_said_to_be_no_checkout(tmp_path: Path):
    found = content(spec(write_collection(tmp_path)), ())
    assert found.tables["tasks"]["task"].to_list() == list(TASKS)
    assert found.inputs == {"commit": "no git checkout"}


def test_a_task_that_changed_since_the_study_was_read_is_refused(tmp_path: Path):
    named = spec(write_collection(tmp_path))
    write_collection(tmp_path, instances=119)
    with pytest.raises(ArtefactError, match="not what lay there when the study was read"):
        content(named, ())


def test_no_folder_is_said(tmp_path: Path):
    with pytest.raises(DataError, match="there is no such folder; give the path of a checkout"):
        content(spec(tmp_path / "nowhere"), ())
