"""Fingerprints: what changes them and what does not."""

import os
import shutil

from rankscope.study.fingerprint import BLOCK, fingerprint
from rankscope.study.specs import LocalBase, TextFiles


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


def test_of_a_large_file_the_first_and_the_last_byte_count(tmp_path):
    path = tmp_path / "large"
    names = set()
    for place in (None, 0, 40 * BLOCK - 1):
        with path.open("wb") as content:
            content.truncate(40 * BLOCK)
            if place is not None:
                content.seek(place)
                content.write(b"x")
        names.add(fingerprint([path], tmp_path))
    assert len(names) == 3


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
