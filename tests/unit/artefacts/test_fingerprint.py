"""Fingerprints: what changes them and what does not."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.artefacts import fingerprint as fingerprints
from rankscope.artefacts.fingerprint import fingerprint
from rankscope.errors import StudyError
from rankscope.records.bases import LocalBase
from rankscope.records.data import TextFiles
from rankscope.records.instructions import Niv2Tasks


def test_content_size_and_name_count_and_time_and_place_do_not(tmp_path):
    one = tmp_path / "one"
    one.mkdir()
    (one / "a.txt").write_text("text")
    first = fingerprint(one.iterdir(), one)
    shutil.copytree(one, tmp_path / "two")
    os.utime(tmp_path / "two/a.txt", (0, 0))
    assert fingerprint((tmp_path / "two").iterdir(), tmp_path / "two") == first
    (tmp_path / "two/a.txt").write_text("Text")
    assert fingerprint((tmp_path / "two").iterdir(), tmp_path / "two") != first
    (one / "a.txt").rename(one / "b.txt")
    assert fingerprint(one.iterdir(), one) != first


def test_no_files_have_no_fingerprint(tmp_path):
    assert fingerprint([tmp_path / "missing"], tmp_path) is None


MEGABYTE = 1 << 20


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A file that is worth remembering, older than a clock's step; in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fingerprints, "_in_this_process", {})
    monkeypatch.setattr(fingerprints, "REMEMBERED_FROM", MEGABYTE)
    path = tmp_path / "large.jsonl"
    with path.open("wb") as content:
        content.truncate(2 * MEGABYTE)
    return path


def long_ago(monkeypatch) -> None:
    """Let the clock be an hour later than the files."""
    now = time.time()
    monkeypatch.setattr(fingerprints.time, "time", lambda: now + 3600)


def overwrite(path: Path, place: int, byte: bytes) -> None:
    with path.open("r+b") as content:
        content.seek(place)
        content.write(byte)


def new_process(monkeypatch) -> None:
    monkeypatch.setattr(fingerprints, "_in_this_process", {})


def reads(monkeypatch) -> list[str]:
    """Collect the paths that are hashed from now on."""
    hashed = []
    original = fingerprints._sha256

    def counted(state, progress):
        hashed.append(state.path)
        return original(state, progress)

    monkeypatch.setattr(fingerprints, "_sha256", counted)
    return hashed


@settings(deadline=None, max_examples=20)
@given(place=st.integers(0, 17 * MEGABYTE - 1))
def test_every_byte_of_a_large_file_counts(tmp_path_factory, place):
    path = tmp_path_factory.mktemp("large") / "large"
    with path.open("wb") as content:
        content.truncate(17 * MEGABYTE)
    before = fingerprint([path], path.parent)
    overwrite(path, place, b"x")
    assert fingerprint([path], path.parent) != before


def test_a_hash_is_remembered_and_not_made_again(large, monkeypatch):
    long_ago(monkeypatch)
    first = fingerprint([large], large.parent)
    hashed = reads(monkeypatch)
    assert fingerprint([large], large.parent) == first
    new_process(monkeypatch)
    assert fingerprint([large], large.parent) == first
    assert hashed == []
    assert len(list(Path("results/.fingerprints").iterdir())) == 1


def test_an_edit_is_seen_although_size_and_time_are_set_back(large, monkeypatch):
    long_ago(monkeypatch)
    first, times = fingerprint([large], large.parent), large.stat()
    overwrite(large, MEGABYTE + 17, b"x")
    os.utime(large, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert large.stat().st_mtime_ns == times.st_mtime_ns
    new_process(monkeypatch)
    assert fingerprint([large], large.parent) != first


def test_what_changed_within_a_clock_s_step_is_read_again(large, monkeypatch):
    """Without waiting, two changes may have one time."""
    fingerprint([large], large.parent)
    hashed = reads(monkeypatch)
    fingerprint([large], large.parent)
    assert hashed == [str(large)]


@pytest.mark.parametrize("content", ["", "{", "[]", "[[1]]", '[{"a": 1}]', "null", '["\\ud800"]'])
def test_a_damaged_memory_is_forgotten(large, monkeypatch, content):
    long_ago(monkeypatch)
    first = fingerprint([large], large.parent)
    (memory,) = Path("results/.fingerprints").iterdir()
    memory.write_text(content)
    new_process(monkeypatch)
    assert fingerprint([large], large.parent) == first


def test_nothing_is_remembered_where_nothing_can_be_written(large, monkeypatch):
    long_ago(monkeypatch)
    Path("results").write_text("a file where the folder should be")
    assert fingerprint([large], large.parent)


def test_little_is_hashed_without_a_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("text")
    assert fingerprint([Path("a.txt")], Path())
    assert not Path("results").exists()


def test_a_file_that_is_written_to_meanwhile_is_refused(large, monkeypatch):
    original = fingerprints.FileState.of
    calls = iter([0, 1])

    def changing(path):
        state = original(path)
        return state._replace(modified=next(calls))

    monkeypatch.setattr(fingerprints.FileState, "of", changing)
    with pytest.raises(StudyError, match=r"large.jsonl: the file was written to while"):
        fingerprint([large], large.parent)


def test_two_processes_that_remember_at_once_leave_a_whole_memory(large):
    code = (
        "import sys, time; from pathlib import Path; import rankscope.artefacts.fingerprint as f;"
        "f.REMEMBERED_FROM = 1; now = time.time(); f.time.time = lambda: now + 3600;"
        "print([f.fingerprint([Path(sys.argv[1])], Path(sys.argv[1]).parent)"
        " for _ in range(20) if not f._in_this_process.clear()][-1])"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(large)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    names = {process.communicate()[0] for process in both}
    assert len(names) == 1
    assert [process.returncode for process in both] == [0, 0]
    (memory,) = Path("results/.fingerprints").iterdir()
    assert json.loads(memory.read_text())[0][0] == str(large)


def test_a_folder_of_everything_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(fingerprints, "MOST_FILES", 3)
    for number in range(4):
        (tmp_path / f"{number}.log").touch()
    with pytest.raises(StudyError, match="more than 3 files lie under this folder"):
        TextFiles(source="text", path=str(tmp_path))


def test_pipes_and_impossible_names_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    assert fingerprint([tmp_path / "pipe.txt", Path("x" * 5000), Path("a\0b")], tmp_path) is None
    for path in ("x" * 5000, "a/" * 3000, "a\0b"):
        assert TextFiles(source="text", path=path).name
        assert LocalBase(source="local", path=path).name
        assert Niv2Tasks(source="niv2", path=path).name


def test_an_edit_of_one_task_is_another_collection(tmp_path):
    tasks = tmp_path / "tasks"
    tasks.mkdir()
    names = []
    for text in ("one", "two"):
        (tasks / "task001.json").write_text(text)
        names.append(Niv2Tasks(source="niv2", path=str(tmp_path)).name)
    assert names[0] != names[1]


def test_changed_text_is_another_data_variant(tmp_path):
    path = tmp_path / "mine.jsonl"
    names = []
    for text in ("one", "other", "one"):
        path.write_text(text)
        names.append(TextFiles(source="text", path=str(path)).name)
    assert names[0] == names[2] != names[1]
    assert names[0].startswith("text-mine-jsonl-")


def test_changed_weights_are_another_base(tmp_path):
    names = []
    for weights in (b"one", b"other"):
        (tmp_path / "model.safetensors").write_bytes(weights)
        names.append(LocalBase(source="local", path=str(tmp_path)).name)
    assert names[0] != names[1]
