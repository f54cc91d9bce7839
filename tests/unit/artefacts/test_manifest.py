import hashlib
import json
from pathlib import Path

import pytest

from rankscope.artefacts.manifest import file_sha256, manifest, package_versions


def test_a_manifest_is_written_last_and_only_on_success(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with manifest(path, "train", "full-1a2b3c4d", {"seed": 0}) as record:
        record.results["tokens"] = 1024
        assert not path.exists()
    content = json.loads(path.read_text("utf-8"))
    assert content["stage"] == "train"
    assert content["name"] == "full-1a2b3c4d"
    assert content["spec"] == {"seed": 0}
    assert content["results"] == {"tokens": 1024}
    assert content["status"] == "done"


def test_a_failed_attempt_takes_the_old_manifest_away(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with manifest(path, "train", "full-1a2b3c4d", {}):
        pass
    with pytest.raises(RuntimeError), manifest(path, "train", "full-1a2b3c4d", {}):
        raise RuntimeError
    assert not path.exists(), "the artefact beside it may be half replaced"


def test_start_up_and_work_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 107.0
    monkeypatch.setattr("rankscope.artefacts.manifest.time.monotonic", lambda: now)
    monkeypatch.setattr(
        "rankscope.artefacts.manifest.seconds_since_process_start", lambda: now - 99.0
    )
    with manifest(tmp_path / "run.json", "train", "full-1a2b3c4d", {}) as record:
        record.work_begins()
        now = 110.5
    content = json.loads((tmp_path / "run.json").read_text("utf-8"))
    assert content["startup_seconds"] == 8.0
    assert content["work_seconds"] == 3.5


def test_hashes_are_sha256(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"weights" * 100_000)
    assert file_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_versions_are_of_what_is_installed() -> None:
    found = package_versions()
    assert found["polars"].count(".") == 2
    assert "no-such-package" not in found
