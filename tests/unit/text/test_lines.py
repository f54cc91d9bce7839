"""Text files of others: line ends, marks, and the place of a byte that is wrong."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rankscope.errors import DataError
from rankscope.text import lines
from rankscope.text.lines import numbered_lines, printable, whole_text


def written(folder: Path, content: bytes) -> Path:
    path = folder / "some.txt"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_marks_are_no_part_of_the_text(tmp_path: Path, end: bytes, mark: bytes):
    path = written(tmp_path, mark + end.join(["é".encode(), b"", b"  b ", b""]))
    assert whole_text(path) == "é\n\n  b \n"
    assert list(numbered_lines(path)) == [(1, "é"), (3, "  b ")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text("aé \t€", max_size=5), max_size=6), st.integers(0, 5))
def test_lines_have_the_numbers_of_an_editor(tmp_path: Path, texts: list[str], blank: int):
    texts = [*texts[:blank], "", *texts[blank:]]
    path = written(tmp_path, "\n".join(texts).encode())
    expected = [(n, text) for n, text in enumerate(texts, 1) if text.strip()]
    assert list(numbered_lines(path)) == expected


@pytest.mark.parametrize("read", [whole_text, lambda path: list(numbered_lines(path))])
def test_a_wrong_byte_is_named_by_line_and_place(tmp_path: Path, read):
    path = written(tmp_path, b"one\r\ntwo\nth\xe9ee\n")
    with pytest.raises(DataError, match=r"line 3: byte 11 of the file is not UTF-8"):
        read(path)
    path = written(tmp_path, b"one\ntw\0o\n")
    with pytest.raises(DataError, match=r"line 2: byte 6 of the file is NUL"):
        read(path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-be"])
def test_other_encodings_are_named_with_the_way_out(tmp_path: Path, encoding: str):
    text = "text".encode(encoding)
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    for read in (whole_text, lambda path: list(numbered_lines(path))):
        with pytest.raises(DataError, match=rf"this is {encoding[:6].upper()} text.*iconv"):
            read(written(tmp_path, mark + text))


def test_a_line_beyond_all_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lines, "LONGEST_LINE", 10)
    path = written(tmp_path, b"0123456789\nshort\n")
    with pytest.raises(DataError, match="line 1: the line is longer than 10 bytes"):
        list(numbered_lines(path))


def test_what_is_no_file_is_refused_at_once(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "absent"):
        for read in (whole_text, lambda path: list(numbered_lines(path))):
            with pytest.raises(DataError):
                read(path)


def test_a_name_can_always_be_printed():
    assert printable("é") == "é"
    assert printable("\ud800") == "\\ud800"
    assert len(printable("x" * 500)) == 121
