"""Folders named for results: what cannot be written to is said before any work."""

import os
from pathlib import Path

import pytest

from rankscope.audit.outputs import check_out
from rankscope.errors import ArtefactError


@pytest.fixture
def place(tmp_path):
    (tmp_path / "file").write_text("a file")
    (tmp_path / "input" / "below").mkdir(parents=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "same").symlink_to(tmp_path / "input")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("file", "is a file"),
        ("file/below/it", "is a file|Not a directory"),
        ("input", "belongs to what is read"),
        ("same", "belongs to what is read"),
        ("input/below", "belongs to what is read"),
        ("input/new", "belongs to what is read"),
        ("full", "exists and is not empty"),
        ("x" * 5000, "File name too long"),
        ("/".join(["x" * 200] * 40), "File name too long"),
        ("a\0b", "null"),
        ("loop", "[Ss]ymlink|symbolic"),
    ],
)
def test_what_cannot_take_results_is_refused_by_name(place, name, said):
    before = sorted(place.rglob("*"))
    with pytest.raises(ArtefactError, match=said):
        check_out(place / name, [place / "input"], must_be_new=True)
    assert sorted(place.rglob("*")) == before
    assert (place / "file").read_text() == "a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_of_others_is_refused(place):
    (place / "input").chmod(0o500)
    with pytest.raises(ArtefactError, match="nothing can be written"):
        check_out(place / "input" / "new", [])


def test_a_read_only_disk_is_said():
    with pytest.raises(ArtefactError, match="/proc"):
        check_out(Path("/proc/rankscope"), [])


@pytest.mark.parametrize("name", ["new", "new/er/est", "full", ".", "input-2"])
def test_what_passes_is_left_as_it_was(place, name):
    before = sorted(place.rglob("*"))
    check_out(place / name, [place / "input"])
    assert sorted(place.rglob("*")) == before
