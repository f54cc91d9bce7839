"""One's own files, and the messages about what is wrong with them."""

import errno
import os
import socket
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.data.kinds import text as text_files
from rankscope.errors import DataError
from rankscope.records.data import TextFiles


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


def test_a_folder_that_cannot_be_searched_is_named(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    scan = os.scandir

    def refuse(folder):
        if Path(folder).name == "closed":
            # what the system raises for anyone but root, who may read everything
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match="closed: this folder cannot be searched: Permission"):
        read(tmp_path)


def test_the_split_is_by_text_and_not_by_place(tmp_path):
    lines = [f'{{"text": "document {number}"}}\n' for number in range(20)]
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_text("".join(lines))
    other.write_text("".join(reversed(lines)))
    assert read(one)[1] == read(other)[1]


def surrogates(*, line: bytes = rb'{"text": "a cut emoji \ud83d"}') -> bytes:
    return b'{"text": "x"}\n' + line + b"\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.jsonl",
            b'{"text": "x"}\n{"text": \n',
            r"a.jsonl, line 2: not valid JSON at character 10",
        ),
        ("a.jsonl", b'{"text": "x"}\n["y"]\n', r"a.jsonl, line 2: an object is expected, not list"),
        ("a.jsonl", b'{"body": "x"}\n', r"line 1: there is no field 'text'; it has: body"),
        ("a.jsonl", b'{"text": 3}\n', r"line 1: field 'text' holds int, not text"),
        ("a.jsonl", b'{"text": "\xff"}\n', r"a.jsonl, line 1: byte 10 of the file is not UTF-8"),
        ("a.jsonl", b"", r"a.jsonl: no documents in it"),
        ("a.jsonl", b'{"text": "x"}\n', r"a.jsonl: 1 distinct document\(s\) cannot be split"),
        (
            "a.jsonl",
            surrogates(),
            r"line 2: field 'text' holds half .* \(\\ud83d\) as character 13",
        ),
        ("a.jsonl", surrogates(line=rb'{"\ud83d": 1}'), r"line 2: .* it has: \\ud83d"),
        ("a.jsonl", b'{"text": "x", "m": ' + b"[" * 2000, r"line 1: .* it is nested too deeply"),
        ("a.jsonl", b'{"text": "\0"}', r"line 1: byte 10 of the file is NUL"),
        ("a.jsonl", '{"text": "x"}'.encode("utf-16"), r"line 1: this is UTF-16 text"),
        ("a.txt", b"\xe9", r"a.txt, line 1: byte 0 of the file is not UTF-8"),
        ("a.txt", b"one\r\ntwo\n\xe9", r"a.txt, line 3: byte 9 of the file is not UTF-8"),
        ("a.txt", b"one\rtwo\rthree\xe9", r"a.txt, line 3: byte 13 of the file is not UTF-8"),
        ("a.txt", "text".encode("utf-16"), r"a.txt, line 1: this is UTF-16 text; convert"),
        ("a.txt", "text".encode("utf-32"), r"a.txt, line 1: this is UTF-32 text; convert"),
        ("a.txt", "text".encode("utf-16-le"), r"a.txt, line 1: byte 1 of the file is NUL"),
        ("a.parquet", b"nonsense", r"a.parquet: this parquet file cannot be read: "),
        ("a.parquet", b"", r"a.parquet: this parquet file cannot be read: "),
        ("a.csv", b"x", r"a.csv: cannot read a .csv; .jsonl, .parquet, .txt"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(path)


@pytest.mark.parametrize("place", [4307, 70_000, 1_000_003])
def test_a_wrong_byte_far_into_a_file_is_named_by_its_place_in_the_file(tmp_path, place):
    line = b'{"text": "abcdefgh"}\n'
    content = bytearray(line * (1 + place // len(line)) + line)
    place += 10 - place % len(line)  # inside a text
    content[place] = 0xFF
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    number = content.count(b"\n", 0, place) + 1
    with pytest.raises(DataError, match=f"line {number}: byte {place} of the file is not UTF-8"):
        read(path)


def test_numbers_of_any_length_are_passed_over(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "one", "n": ' + "9" * 5000 + '}\n{"text": "two", "n": 1e999}\n')
    assert [d.text for d in read(path)[0]] == ["one", "two"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_and_mark(tmp_path, end):
    (tmp_path / "a.jsonl").write_bytes(
        f'\ufeff{{"text": "one"}}{end}{end}\ufeff{{"text": "two"}}{end}'.encode()
    )
    (tmp_path / "b.txt").write_bytes(f"\ufefffirst{end}second{end}".encode())
    documents, _ = read(tmp_path)
    assert {d.id: d.text for d in documents} == {
        "a.jsonl:1": "one",
        "a.jsonl:3": "two",
        "b.txt": "first\nsecond\n",
    }


def test_a_mark_makes_no_other_text_of_a_file(tmp_path):
    (tmp_path / "a.txt").write_bytes("\ufeffthe same".encode())
    (tmp_path / "b.txt").write_text("the same")
    (tmp_path / "c.txt").write_text("another")
    assert [d.text for d in read(tmp_path)[0]] == ["the same", "another"]


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "txt"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, kind):
    """A pipe, a device and a socket would be read for ever; a broken link is nothing."""
    os.mkfifo(tmp_path / f"pipe.{kind}")
    (tmp_path / f"device.{kind}").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / f"socket.{kind}"))
    for name in ("pipe", "device", "socket"):
        with pytest.raises(DataError, match=f"{name}.{kind}: this is a pipe, socket or device"):
            read(tmp_path / f"{name}.{kind}")
    with pytest.raises(DataError, match=f"device.{kind}: this is a pipe, socket or device"):
        read(tmp_path)


def test_a_broken_link_in_a_folder_is_named(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "b.txt").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"b.txt: this file cannot be read: No such file"):
        read(tmp_path)


def test_a_folder_named_like_a_file_is_searched(tmp_path):
    (tmp_path / "a.txt").mkdir()
    (tmp_path / "a.txt/one.txt").write_text("one")
    (tmp_path / "a.txt/two.txt").write_text("two")
    assert [d.id for d in read(tmp_path)[0]] == ["a.txt/one.txt", "a.txt/two.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the super-user may read everything")
def test_what_may_not_be_read_is_named(tmp_path):
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "a.txt").chmod(0)
    with pytest.raises(DataError, match=r"a.txt: this file cannot be read: Permission denied"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["x" * 300 + ".txt", "x/" * 3000 + "a.txt", "a\0b.txt"])
def test_a_path_that_no_file_can_have_is_refused(name):
    with pytest.raises(DataError, match=r"give another path|no such file or folder"):
        read(name)


@pytest.mark.parametrize("keep", [4, 100, -1])
def test_a_truncated_parquet_file_is_refused(tmp_path, keep):
    path = tmp_path / "a.parquet"
    pl.DataFrame({"text": [f"text {n}" for n in range(500)]}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"a.parquet: this parquet file cannot be read: \S"):
        read(path)


def test_brackets_in_a_name_are_no_pattern(tmp_path):
    path = tmp_path / "data [v1]*.parquet"
    pl.DataFrame({"text": ["one", "two"]}).write_parquet(path)
    assert len(read(path)[0]) == 2


@given(st.binary(max_size=200), st.sampled_from(["jsonl", "txt", "parquet"]))
@settings(deadline=None)
def test_any_bytes_are_rows_or_one_sentence(tmp_path_factory, content, kind):
    path = tmp_path_factory.mktemp("any") / f"a.{kind}"
    path.write_bytes(content)
    try:
        documents, _ = read(path, split_on_blank_lines=True)
    except DataError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
    else:
        assert all(d.text.encode() for d in documents)


def test_an_error_of_our_own_stays_one(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "one"}\n{"text": "two"}\n')
    monkeypatch.setattr(text_files, "text_of", lambda *_: [].pop())
    with pytest.raises(IndexError):
        read(path)


def test_one_text_file_is_several_documents_between_blank_lines_if_asked(tmp_path):
    path = tmp_path / "stories.txt"
    path.write_text("\n\none\nstory\n \t\n\nanother\n\n\n\n  third\n")
    documents, _ = read(path, split_on_blank_lines=True)
    assert [(d.id, d.text) for d in documents] == [
        ("stories.txt:3", "one\nstory"),
        ("stories.txt:7", "another"),
        ("stories.txt:11", "third"),
    ]


@pytest.mark.skipif("RANKSCOPE_DATA" not in os.environ, reason="RANKSCOPE_DATA is not set")
def test_stories_split_by_blank_lines_lose_nothing():
    path = Path(os.environ["RANKSCOPE_DATA"], "data/lm/tinystories/sample.txt")
    documents = list(text_files.read_file(path, TextFiles(
        source="text", path=str(path), split_on_blank_lines=True)))  # fmt: skip
    text = path.read_text("utf-8")
    assert len(documents) > 100
    assert [w for d in documents for w in d.text.split()] == text.split()
    lines = text.split("\n")
    for document in documents:
        first = int(document.id.rpartition(":")[2])
        assert lines[first - 1].strip() == document.text.split("\n")[0].strip()


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
