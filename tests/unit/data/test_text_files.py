"""One's own files, and the messages about what is wrong with them."""

import polars as pl
import pytest

from rankscope.data import text_files
from rankscope.errors import DataError
from rankscope.study.specs import TextFiles


def read(path, **fields):
    return text_files.read(TextFiles(source="text", path=str(path), **fields))


def test_json_lines(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"text": "one"}\n\n{"text": "two", "more": 3}\n{"text": "one"}\n')
    documents, heldout = read(path)
    assert [(d.id, d.text) for d in documents] == [("mine.jsonl:1", "one"), ("mine.jsonl:3", "two")]
    assert len(heldout) == 1


def test_parquet_with_another_field(tmp_path):
    path = tmp_path / "mine.parquet"
    pl.DataFrame({"body": ["one", "two"], "n": [1, 2]}).write_parquet(path)
    documents, _ = read(path, text_field="body")
    assert [(d.id, d.text) for d in documents] == [
        ("mine.parquet:1", "one"),
        ("mine.parquet:2", "two"),
    ]


def test_a_folder_is_searched_for_all_kinds(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/b.txt").write_text("from a text file")
    (tmp_path / "a.jsonl").write_text('{"text": "from a line"}')
    (tmp_path / "ignored.csv").write_text("x")
    documents, _ = read(tmp_path)
    assert [(d.id, d.origin) for d in documents] == [
        ("a.jsonl:1", "a.jsonl"),
        ("deep/b.txt", "deep/b.txt"),
    ]


def test_the_split_is_by_text_and_not_by_place(tmp_path):
    lines = [f'{{"text": "document {number}"}}\n' for number in range(20)]
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_text("".join(lines))
    other.write_text("".join(reversed(lines)))
    assert read(one)[1] == read(other)[1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"text": "x"}\n{"text": \n', r"a.jsonl, line 2: not valid JSON"),
        ("a.jsonl", b'{"text": "x"}\n["y"]\n', r"a.jsonl, line 2: an object is expected, not list"),
        ("a.jsonl", b'{"body": "x"}\n', r"line 1: there is no field 'text'; it has: body"),
        ("a.jsonl", b'{"text": 3}\n', r"line 1: field 'text' holds int, not text"),
        ("a.jsonl", b'{"text": "\xff"}\n', r"a.jsonl: byte 10 is not UTF-8"),
        ("a.jsonl", b"", r"a.jsonl: no documents in it"),
        ("a.jsonl", b'{"text": "x"}\n', r"a.jsonl: 1 distinct document\(s\) cannot be split"),
        ("a.txt", b"\xe9", r"a.txt: byte 0 is not UTF-8"),
        ("a.parquet", b"nonsense", r"a.parquet: not a readable parquet file"),
        ("a.csv", b"x", r"a.csv: cannot read a .csv; .jsonl, .parquet, .txt"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(path)


def test_a_parquet_file_without_the_field_lists_what_it_has(tmp_path):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"body": ["one"], "n": [1]}).write_parquet(path)
    with pytest.raises(DataError, match="there is no field 'text'; it has: body, n"):
        read(path)


def test_a_missing_path_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=rf"no such file or folder \(from {tmp_path}\)"):
        read("nowhere.jsonl")


def test_a_folder_without_readable_files_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(DataError, match=r"holds no \.jsonl, \.parquet, \.txt file"):
        read(tmp_path)
