import hashlib
import json
from pathlib import Path

import polars as pl
import pytest

from rankscope.artefacts.hashes import file_sha256
from rankscope.artefacts.manifest import manifest, package_versions


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


def test_a_failed_attempt_leaves_what_was_finished(tmp_path: Path) -> None:
    path, rows, folder = tmp_path / "run.json", tmp_path / "rows.parquet", tmp_path / "steps"
    with manifest(path, "train", "full-1a2b3c4d", {}) as record:
        record.parquet(rows, pl.DataFrame({"n": [1]}))
        (record.folder(folder) / "weights").write_text("old")
    before = {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}
    assert set(json.loads(path.read_text())["outputs"]) == {"rows.parquet", "steps/weights"}
    with pytest.raises(RuntimeError), manifest(path, "train", "full-1a2b3c4d", {}) as record:
        record.parquet(rows, pl.DataFrame({"n": [2]}))
        (record.folder(folder) / "weights").write_text("half")
        raise RuntimeError
    assert {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()} == before


def test_a_manifest_holds_the_hash_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with manifest(path, "train", "full-1a2b3c4d", {"α": 1}):
        pass
    before, _, last = path.read_text("utf-8").rpartition(',\n  "sha256": ')
    assert last == f'"{hashlib.sha256(before.encode()).hexdigest()}"\n}}\n'


def test_start_up_and_work_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 107.0
    monkeypatch.setattr("rankscope.artefacts.manifest._accounted", [0.0])
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
    now = 112.0
    with manifest(tmp_path / "next.json", "train", "full-2b3c4d5e", {}) as record:
        record.work_begins()
        now = 114.0
    content = json.loads((tmp_path / "next.json").read_text("utf-8"))
    assert content["startup_seconds"] == 1.5, "of this process, since the manifest before"
    assert content["work_seconds"] == 2.0


def test_hashes_are_sha256(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"weights" * 100_000)
    assert file_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_versions_are_of_what_is_installed() -> None:
    found = package_versions()
    assert found["polars"].count(".") == 2
    assert "no-such-package" not in found
