"""Hashes of files: what is read again, and what is remembered."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.artefacts import hashes
from rankscope.artefacts.hashes import content_hash, content_hashes, file_sha256

MEGABYTE = 1 << 20


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A file that is worth remembering, older than a clock's step; in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hashes, "_counted", {})
    monkeypatch.setattr(hashes, "REMEMBERED_FROM", MEGABYTE)
    path = tmp_path / "large.jsonl"
    with path.open("wb") as content:
        content.truncate(2 * MEGABYTE)
    return path


def long_ago(monkeypatch) -> None:
    """Let the clock be an hour later than the files."""
    now = time.time()
    monkeypatch.setattr(hashes.time, "time", lambda: now + 3600)


def overwrite(path: Path, place: int, byte: bytes) -> None:
    with path.open("r+b") as content:
        content.seek(place)
        content.write(byte)


def new_process(monkeypatch) -> None:
    monkeypatch.setattr(hashes, "_counted", {})


def reads(monkeypatch) -> list[str]:
    """Collect the paths that are hashed from now on."""
    hashed = []
    original = hashes._sha256

    def counted(state, progress):
        hashed.append(state.path)
        return original(state, progress)

    monkeypatch.setattr(hashes, "_sha256", counted)
    return hashed


def memories() -> list[Path]:
    return list(Path("results/.hashes").iterdir())


@given(content=st.binary(max_size=100))
@settings(max_examples=20, deadline=None)
def test_a_hash_is_that_of_the_whole_content(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("file") / "file"
    path.write_bytes(content)
    expected = hashlib.sha256(content).hexdigest()
    assert content_hash(path) == file_sha256(path) == expected


@settings(deadline=None, max_examples=20)
@given(place=st.integers(0, 17 * MEGABYTE - 1))
def test_every_byte_of_a_large_file_counts(tmp_path_factory, place):
    path = tmp_path_factory.mktemp("large") / "large"
    with path.open("wb") as content:
        content.truncate(17 * MEGABYTE)
    before = content_hash(path)
    overwrite(path, place, b"x")
    assert content_hash(path) != before


def test_a_hash_is_remembered_and_not_made_again(large, monkeypatch):
    long_ago(monkeypatch)
    first = content_hash(large)
    hashed = reads(monkeypatch)
    assert content_hash(large) == first
    new_process(monkeypatch)
    assert content_hash(large) == first == file_sha256(large)
    assert hashed == []
    assert len(memories()) == 1


def test_many_small_files_are_remembered_together(large, monkeypatch):
    long_ago(monkeypatch)
    folder = large.parent / "many"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number}.txt").write_text(str(number) * 4000)
    files = sorted(folder.iterdir())
    first = content_hashes(files)
    assert first == {path: file_sha256(path) for path in files}
    hashed = reads(monkeypatch)
    new_process(monkeypatch)
    assert content_hashes(files) == first
    assert hashed == []
    assert 1 < len(memories()) <= 16


def test_a_link_shares_the_hash_of_what_it_leads_to(large, monkeypatch):
    long_ago(monkeypatch)
    first = content_hash(large)
    (large.parent / "link").symlink_to(large)
    hashed = reads(monkeypatch)
    new_process(monkeypatch)
    assert content_hash(large.parent / "link") == first
    assert hashed == []


def test_an_edit_is_seen_although_size_and_time_are_set_back(large, monkeypatch):
    long_ago(monkeypatch)
    first, times = content_hash(large), large.stat()
    overwrite(large, MEGABYTE + 17, b"x")
    os.utime(large, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert large.stat().st_mtime_ns == times.st_mtime_ns
    new_process(monkeypatch)
    assert content_hash(large) != first


def test_what_changed_within_a_clock_s_step_is_read_again(large, monkeypatch):
    """Without waiting, two changes may have one time."""
    content_hash(large)
    hashed = reads(monkeypatch)
    content_hash(large)
    assert hashed == [str(large)]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "[[1]]", '[{"a": 1}]', "null", '["\\ud800"]', '[["a", "b", 1]]']
)
def test_a_damaged_memory_is_forgotten(large, monkeypatch, content):
    long_ago(monkeypatch)
    first = content_hash(large)
    (memory,) = memories()
    memory.write_text(content)
    new_process(monkeypatch)
    assert content_hash(large) == first


def test_a_memory_keeps_others_and_forgets_what_is_gone(large, monkeypatch):
    long_ago(monkeypatch)
    monkeypatch.setattr(hashes, "remembered_hashes", lambda part: "results/.hashes/all.json")
    other, gone = large.with_name("other"), large.with_name("gone")
    for path in (other, gone):
        path.write_bytes(large.read_bytes())
        content_hash(path)
    gone.unlink()
    content_hash(large)
    (memory,) = memories()
    assert {row[0] for row in json.loads(memory.read_text())} == {str(large), str(other)}


def test_nothing_is_remembered_where_nothing_can_be_written(large, monkeypatch):
    long_ago(monkeypatch)
    Path("results").write_text("a file where the folder should be")
    assert content_hash(large) == file_sha256(large)


def test_little_is_hashed_without_a_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("text")
    assert content_hash(Path("a.txt"))
    assert not Path("results").exists()


def test_a_file_that_is_written_to_meanwhile_is_refused(large, monkeypatch):
    original = hashes.FileState.of
    calls = iter([0, 1])

    def changing(path):
        state = original(path)
        return state._replace(modified=next(calls))

    monkeypatch.setattr(hashes.FileState, "of", changing)
    with pytest.raises(OSError, match=r"written to while it was read.*large.jsonl"):
        content_hash(large)


def test_two_processes_that_remember_at_once_leave_a_whole_memory(large):
    code = (
        "import sys, time; from pathlib import Path; import rankscope.artefacts.hashes as h;"
        "h.REMEMBERED_FROM = 1; now = time.time(); h.time.time = lambda: now + 3600;"
        "print([h.content_hash(Path(sys.argv[1]))"
        " for _ in range(20) if not h._counted.clear()][-1])"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(large)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    found = {process.communicate()[0] for process in both}
    assert len(found) == 1
    assert [process.returncode for process in both] == [0, 0]
    (memory,) = memories()
    assert json.loads(memory.read_text())[0][0] == str(large)
