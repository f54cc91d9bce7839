"""What a library raises becomes a sentence; what our own code raises stays a defect."""

import io
import json
import os
import sys
import threading
import types

import polars as pl
import pytest

from rankscope.errors import DataError, ModelError, RankscopeError
from rankscope.foreign import doing, read_json, read_json_object, read_text, reading, reason


class PanicException(BaseException):
    """As pyo3 raises it: no Exception."""


def library(failure):
    raise failure


ours = types.ModuleType("rankscope.made_up")
exec("def callback(function): return function()", ours.__dict__)


@pytest.mark.parametrize(
    "failure",
    [
        ValueError("a value"), KeyError("key"), TypeError(), AssertionError(), RuntimeError("x\ny"),
        RecursionError("maximum recursion depth"), MemoryError(), OSError(28, "No space left"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), ZeroDivisionError(),
        ImportError("no module"), StopIteration(), PanicException("panicked"), EOFError(),
        type("OfALibrary", (Exception,), {})("its own type"),
    ],
)  # fmt: skip
def test_whatever_a_library_raises_becomes_a_sentence(failure):
    with (
        pytest.raises(DataError) as caught,
        reading("rows.x", "this table", "write it again", DataError),
    ):
        library(failure)
    said = str(caught.value)
    assert said.startswith("rows.x: this table cannot be read: ")
    assert said.endswith("; write it again")
    assert "\n" not in said and reason(failure).strip()
    assert caught.value.__cause__ is failure


def test_a_task_is_said_in_its_own_words():
    expected = r"^a: peft cannot merge it: a reason; do so$"
    with (
        pytest.raises(ModelError, match=expected),
        doing("a", "peft cannot merge it", "do so", ModelError),
    ):
        raise RuntimeError("a reason")


def test_a_silent_failure_is_located():
    expected = r"AssertionError in .*library, line \d+; ask"
    with pytest.raises(ModelError, match=expected), reading("a", "this", "ask", ModelError):
        library(AssertionError())


def test_a_long_reason_is_cut():
    assert len(reason(ValueError("word " * 10_000))) < 500


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_a_program_passes(kind):
    with pytest.raises(kind), reading("a", "this", "ask", DataError):
        raise kind


def test_an_error_of_ours_passes_as_it_is():
    error = ModelError("complete")
    with pytest.raises(ModelError) as caught, reading("a", "this", "ask", DataError):
        library(error)
    assert caught.value is error


def test_a_defect_of_ours_outside_the_call_stays_one():
    with pytest.raises(KeyError):
        with reading("a", "this", "ask", DataError):
            found = json.loads("{}")
        found["ours"]


def test_a_defect_of_ours_inside_the_call_stays_one():
    """Code of ours that the library calls back, or that stands in the block by mistake."""
    with pytest.raises(ValueError, match="ours"), reading("a", "this", "ask", DataError):
        ours.callback(lambda: library(ValueError("ours")))
    with pytest.raises(AttributeError), reading("a", "this", "ask", DataError):
        None.misspelt  # noqa: B018
    with pytest.raises(NameError), reading("a", "this", "ask", DataError):
        misspelt  # noqa: B018, F821


def test_a_comprehension_belongs_to_the_block():
    with pytest.raises(DataError, match="invalid literal"), reading("a", "x", "ask", DataError):
        sum(int(letter) for letter in "1b")
    with pytest.raises(AttributeError), reading("a", "x", "ask", DataError):
        sum(number.misspelt for number in [1])


def test_nothing_happens_without_a_failure():
    with reading("a", "this", "ask", DataError):
        assert pl.read_csv(io.StringIO("a\n1")).height == 1


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufefftext".encode())
    assert read_text(path, DataError) == "text"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "Expecting"), (b"", "Expecting value"), (b"\xff\xfe{", "byte 0 is not UTF-8"),
        (b"[" * 200_000, "nested too deeply"), (b"9" * 5000, "4300 digits"),
        (b"{'a': 1}", "property name"),
    ],
)  # fmt: skip
def test_what_is_no_json_is_said(tmp_path, content, said):
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=said) as caught:
        read_json_object(path, ModelError)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "kind"),
    [("[]", "a list"), ('"a"', "a text"), ("1", "a number"), ("true", "true"), ("null", "null")],
)
def test_another_json_than_an_object_is_said(tmp_path, content, kind):
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(ModelError, match=f"this JSON is {kind}"):
        read_json_object(path, ModelError)


@pytest.mark.parametrize("name", ["missing", "folder", "pipe", "a\0b", "x" * 5000, "file/below"])
def test_what_is_no_file_is_said_at_once(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    told: list[RankscopeError] = []

    def attempt():
        try:
            read_text(tmp_path / name, DataError)
        except DataError as error:
            told.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(10)
    assert told and "give the path of a file" in str(told[0])


def test_a_file_beyond_all_measure_is_not_read(tmp_path):
    path = tmp_path / "config.json"
    with path.open("wb") as file:
        file.truncate(2**33)
    with pytest.raises(ModelError, match="no file of this kind has more than"):
        read_json(path, ModelError)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
@pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")
def test_a_file_that_may_not_be_read_is_said(tmp_path):
    path = tmp_path / "config.json"
    path.write_text("{}")
    path.chmod(0)
    with pytest.raises(ModelError, match="Permission denied"):
        read_json(path, ModelError)
