"""Errors that a person can act on end a verb with their sentence; defects keep a traceback."""

import gc
import inspect
from collections.abc import Iterator

import pytest

from rankscope import cli, errors
from rankscope.errors import RankscopeError

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, RankscopeError) and kind is not RankscopeError
]


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """Give the garbage collector back, which `main` keeps out of the imports."""
    yield
    gc.enable()


def left_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> object:
    """Return the exit code of a verb that raises `error`."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as left:
        cli.main()
    return left.value.code


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_of_ours_is_a_sentence_and_exit_code_2(
    kind: type[RankscopeError], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert left_with(kind("what, where, what to do"), monkeypatch) == 2
    assert [record.getMessage() for record in caplog.records] == ["error: what, where, what to do"]
    assert "Traceback" not in caplog.text


def test_a_defect_of_ours_keeps_its_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert left_with(KeyError("a slip"), monkeypatch) == 1
    assert "Traceback" in caplog.text
    assert "this is a defect of rankscope, not of your input" in caplog.text
