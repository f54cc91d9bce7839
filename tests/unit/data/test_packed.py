"""The second step: what is trained on is encoded, and nothing else is."""

from pathlib import Path

import pytest

from rankscope.data.packed import write_packed
from rankscope.errors import StudyError
from rankscope.records.data import Continuations, TextFiles
from rankscope.records.instructions import MadeTasks

ITEMS = Continuations(source="continuations", documents=TextFiles(source="text", path="mine.jsonl"))


@pytest.mark.parametrize("spec", [ITEMS, MadeTasks(source="made-tasks")], ids=lambda s: s.source)
def test_what_nothing_is_trained_on_is_refused(spec, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=f"nothing is trained on .* of source {spec.source}"):
        write_packed(spec, tmp_path, tmp_path, 8, tmp_path / "packed.parquet")
    assert not list(tmp_path.iterdir())
