"""Fingerprints: what changes them and what does not."""

import os
import shutil
from pathlib import Path

import pytest

from rankscope.artefacts import fingerprint as fingerprints
from rankscope.artefacts import hashes
from rankscope.artefacts.fingerprint import fingerprint, refuse_changed, regular_files_of
from rankscope.errors import ArtefactError, StudyError
from rankscope.records.found import FileSet


def folder(root: Path) -> list[FileSet]:
    return [FileSet(str(root), patterns=("*.txt",))]


def test_content_and_name_count_and_time_and_place_do_not(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    (one / "a.txt").write_text("text")
    first = fingerprint(folder(one))
    shutil.copytree(one, two)
    os.utime(two / "a.txt", (0, 0))
    assert fingerprint(folder(two)) == first
    (two / "a.txt").write_text("Text")
    assert fingerprint(folder(two)) != first
    (one / "a.txt").rename(one / "b.txt")
    assert fingerprint(folder(one)) != first


def test_what_lies_in_which_set_counts(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    sets = [*folder(tmp_path / "one"), *folder(tmp_path / "two")]
    (tmp_path / "one/a.txt").write_text("text")
    first = fingerprint(sets)
    (tmp_path / "one/a.txt").rename(tmp_path / "two/a.txt")
    assert fingerprint(sets) != first


def test_a_set_is_a_file_some_of_a_folder_or_some_at_any_depth(tmp_path):
    for name in ("a.txt", "b.json", "deep/c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")

    def found(root: str = "", **fits: tuple[str, ...]) -> set[str]:
        paths = regular_files_of(FileSet(str(tmp_path / root), **fits))
        return {path.relative_to(tmp_path).as_posix() for path in paths}

    assert found(patterns=("*.txt",)) == {"a.txt"}
    assert found(patterns=("*.txt", "*.json")) == {"a.txt", "b.json"}
    assert found(suffixes=(".txt",)) == {"a.txt", "deep/c.txt"}
    assert found("b.json", suffixes=(".txt",)) == found("b.json") == {"b.json"}
    assert found("b.json", patterns=("*",)) == set(), "patterns are for folders"


def test_no_files_have_no_fingerprint(tmp_path):
    assert fingerprint([FileSet(str(tmp_path / "missing")), *folder(tmp_path)]) is None


def test_a_folder_of_everything_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(fingerprints, "MOST_FILES", 3)
    for number in range(4):
        (tmp_path / f"{number}.log").touch()
    with pytest.raises(StudyError, match="more than 3 files lie under this folder"):
        fingerprint([FileSet(str(tmp_path), suffixes=(".txt",))])


def test_pipes_and_impossible_names_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    for root in (tmp_path / "pipe.txt", tmp_path, "x" * 5000, "a/" * 3000, "a\0b"):
        for fits in ({}, {"patterns": ("*.txt",)}, {"suffixes": (".txt",)}):
            assert fingerprint([FileSet(str(root), **fits)]) is None


def test_a_file_that_is_written_to_meanwhile_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("text")
    original = hashes.FileState.of
    calls = iter([0, 1])
    monkeypatch.setattr(
        hashes.FileState, "of", lambda path: original(path)._replace(modified=next(calls))
    )
    with pytest.raises(StudyError, match=r"a.txt: this file cannot be read: it was written to"):
        fingerprint(folder(tmp_path))


def test_a_changed_added_or_removed_file_is_refused(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("text")
    found = fingerprint(folder(tmp_path))
    refuse_changed("mine", folder(tmp_path), found)
    refuse_changed("mine", folder(tmp_path), None)
    (tmp_path / "b.txt").write_text("more")
    with pytest.raises(ArtefactError, match=r"^mine: what lies at .* is not what lay there when"):
        refuse_changed("mine", folder(tmp_path), found)
    (tmp_path / "b.txt").unlink()
    refuse_changed("mine", folder(tmp_path), found)
    file.unlink()
    with pytest.raises(ArtefactError, match="was changed, added or removed since"):
        refuse_changed("mine", folder(tmp_path), found)
