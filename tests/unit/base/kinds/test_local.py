"""A folder of one's own as a base: linked, and its files are the manifest's inputs and outputs."""

import json
from pathlib import Path

import pytest

from rankscope.artefacts.hashes import file_sha256
from rankscope.artefacts.manifest import manifest
from rankscope.base.kinds.local import make
from rankscope.errors import ModelError
from rankscope.records.bases import LocalBase
from tiny_llama import save_base


def test_the_folder_is_linked_and_its_weights_are_noted(tmp_path: Path) -> None:
    mine = save_base(tmp_path / "mine")
    base = LocalBase(source="local", path=str(mine))
    with manifest(tmp_path / "run.json", "base", base.name, {}) as record:
        make(base, (), tmp_path / "model", record)
    said = json.loads((tmp_path / "run.json").read_text())
    weights = file_sha256(mine / "model.safetensors")
    assert said["inputs"]["model.safetensors"] == weights
    assert said["outputs"]["model/model.safetensors"] == weights
    assert (tmp_path / "model" / "model.safetensors").is_symlink()


def test_a_folder_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    base = LocalBase(source="local", path=str(tmp_path / "absent"))
    with (
        pytest.raises(ModelError, match="there is no such model folder"),
        manifest(tmp_path / "run.json", "base", base.name, {}) as record,
    ):
        make(base, (), tmp_path / "model", record)
    assert list(tmp_path.iterdir()) == []
