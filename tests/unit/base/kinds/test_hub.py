"""A model of the hub as a base: what the cache holds at its revision is linked."""

import json
from pathlib import Path

import pytest

from rankscope.artefacts.hashes import file_sha256
from rankscope.artefacts.manifest import manifest
from rankscope.base.kinds.hub import make
from rankscope.errors import ModelError
from rankscope.records.bases import HubBase
from tiny_llama import save_base

BASE = HubBase(source="hub", repository="owner/model", revision="a" * 40)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, which cannot be reached."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path / "cache"


def test_what_the_cache_holds_is_linked_and_noted(cache: Path, tmp_path: Path) -> None:
    snapshot = save_base(cache / "models--owner--model" / "snapshots" / BASE.revision)
    with manifest(tmp_path / "run.json", "base", BASE.name, {}) as record:
        make(BASE, (), tmp_path / "model", record)
    said = json.loads((tmp_path / "run.json").read_text())
    weights = file_sha256(snapshot / "model.safetensors")
    assert said["inputs"]["model.safetensors"] == weights
    assert said["outputs"]["model/model.safetensors"] == weights


def test_what_is_not_there_leaves_nothing(cache: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(ModelError, match=f"hf download owner/model --revision {BASE.revision}"),
        manifest(tmp_path / "run.json", "base", BASE.name, {}) as record,
    ):
        make(BASE, (), tmp_path / "model", record)
    assert not (tmp_path / "run.json").exists()
    assert not (tmp_path / "model").exists()
