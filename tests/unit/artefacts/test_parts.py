"""What need not be made again, and what a job lists."""

from pathlib import Path

import polars as pl
import pytest

from rankscope.artefacts import layout
from rankscope.artefacts.manifest import manifest
from rankscope.artefacts.parts import Part, is_current, list_parts, parts_of
from rankscope.artefacts.reading import lost_files

PARTS = [Part("lora-r1-1a2b3c4d-step-000010", "code-1a2b3c4d"), Part("base-1a2b3c4d", "x-1a2b3c4d")]
SPEC, INPUTS = {"of": "this"}, {"results/data/a": "00"}


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job's manifest and its two parts."""
    monkeypatch.chdir(tmp_path)
    for part in PARTS:
        path = Path(layout.predictions(part.name))
        with manifest(path.with_suffix(".json"), "evaluate", part.name, SPEC) as record:
            record.inputs |= INPUTS
            record.parquet(path, pl.DataFrame({"item": [part.name]}))
    at = Path(layout.answers_manifest("all-1a2b3c4d"))
    with manifest(at, "evaluate", "all-1a2b3c4d", {}) as record:
        list_parts(record, [(part, Path(layout.predictions(part.name))) for part in PARTS])
    return at


def test_a_job_lists_its_parts(listed: Path) -> None:
    assert parts_of(listed) == PARTS
    assert lost_files(listed) == []


@pytest.mark.parametrize("suffix", [".parquet", ".json"])
def test_a_part_that_was_deleted_is_missed_in_what_lists_it(listed: Path, suffix: str) -> None:
    path = Path(layout.predictions(PARTS[1].name))
    path.with_suffix(suffix).unlink()
    assert lost_files(listed) == [path]


def test_a_part_is_current_while_it_is_what_was_made_of_the_same(listed: Path) -> None:
    path = Path(layout.predictions(PARTS[0].name))
    at = path.with_suffix(".json")
    assert is_current(at, SPEC, INPUTS)
    assert not is_current(at, {"of": "that"}, INPUTS)
    assert not is_current(at, SPEC, {"results/data/a": "01"})
    pl.DataFrame({"item": ["edited"]}).write_parquet(path)
    assert not is_current(at, SPEC, INPUTS)
    assert not is_current(Path(layout.predictions("none")).with_suffix(".json"), SPEC, INPUTS)
