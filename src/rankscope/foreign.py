"""Reading what others wrote: files of a user, and what a library makes of them.

Guarantees: whatever a library raises on such a thing reaches the user as one of our errors that
says where, what was read, for which reason it failed and what to do; no list of exception types
decides it. It is by the place of the call: `reading` stands around the call of the library and
nothing else. What code of rankscope raises inside the block, called by the library or by us, is a
defect of ours, and stays one, with its traceback.
"""

import json
import re
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from rankscope.errors import RankscopeError

_OURS = "rankscope"
_LONGEST = 400  # letters of a reason that are shown
_BIGGEST_TEXT = 256 * 2**20  # bytes: the largest tokenizers take 35 MB
# beside Exception: what rust libraries (polars, tokenizers, safetensors) end in where they give up
_PANIC = "PanicException"


def reading(
    where: object, what: str, advice: str, error: type[RankscopeError]
) -> AbstractContextManager[None]:
    """Turn what a library raises in the block into `error`.

    The message is `where: what cannot be read: reason; advice`, so that `where` is a file (and
    line), `what` a noun, and `advice` a sentence that begins with a verb:

        with reading(path, "this table", "write it again as parquet", DataError):
            rows = pl.read_parquet(path)

    Only the call of the library belongs into the block. Errors of ours pass through as they are,
    and so does whatever our own functions raise if the block calls any.
    """
    return _Reading(lambda reason: error(f"{where}: {what} cannot be read: {reason}; {advice}"))


def doing(
    where: object, task: str, advice: str, error: type[RankscopeError]
) -> AbstractContextManager[None]:
    """Do as `reading` does, for what a library does with a foreign thing.

    The message is `where: task: reason; advice`, with `task` as in "peft cannot merge this".
    """
    return _Reading(lambda reason: error(f"{where}: {task}: {reason}; {advice}"))


@dataclass(frozen=True)
class _Reading(AbstractContextManager[None]):
    message: Callable[[str], RankscopeError]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if failure is None or isinstance(failure, RankscopeError):
            return
        if not isinstance(failure, Exception) and type(failure).__name__ != _PANIC:
            return
        if not _is_ours(failure, traceback):
            raise self.message(reason(failure)) from failure


def _is_ours(failure: BaseException, traceback: TracebackType | None) -> bool:
    """Say whether it was raised by the block's own line, or by code of rankscope called in it."""
    if traceback is None:
        return False
    # the first frame is the one that holds the block; comprehensions in the block have their own
    file, below = traceback.tb_frame.f_code.co_filename, traceback.tb_next
    while below is not None and (
        below.tb_frame.f_code.co_filename == file
        and below.tb_frame.f_code.co_name in _COMPREHENSIONS
    ):
        below = below.tb_next
    if below is None and isinstance(failure, AttributeError | NameError):
        return True  # what the line itself misspells; of a library it would have a frame below
    while below is not None:
        module = str(below.tb_frame.f_globals.get("__name__", ""))
        if module == _OURS or module.startswith(f"{_OURS}."):
            return True
        below = below.tb_next
    return False


_COMPREHENSIONS = frozenset({"<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>"})


def reason(failure: BaseException) -> str:
    """Say in one line why a library failed; never empty, and bounded in length."""
    if isinstance(failure, OSError) and failure.strerror:
        return failure.strerror
    if isinstance(failure, RecursionError):
        return "it is nested too deeply"
    if isinstance(failure, UnicodeDecodeError):
        return f"byte {failure.start} is not {failure.encoding.upper()} ({failure.reason})"
    kind = type(failure).__name__
    said = re.sub(r"\s+", " ", str(failure)).strip()
    if isinstance(failure, MemoryError):
        return f"there is not enough memory{f' ({said})' if said else ''}"
    if not said:
        return f"{kind}{_raised_in(failure.__traceback__)}"
    # a word or a number alone, such as the key of a KeyError, says nothing
    text = said if " " in said and not isinstance(failure, KeyError) else f"{kind}: {said}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _raised_in(traceback: TracebackType | None) -> str:
    """Name the function of the library that failed, where it says nothing itself."""
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    code = traceback.tb_frame.f_code
    module = traceback.tb_frame.f_globals.get("__name__", "")
    return f" in {module}.{code.co_qualname}, line {traceback.tb_lineno}"


def check_regular(path: Path, error: type[RankscopeError]) -> int:
    """Check that `path` is a file with an end, and return its bytes.

    A pipe or a device would keep its reader for ever.

    Raises:
        RankscopeError: of type `error`: nothing is there, or it is no regular file.
    """
    with reading(path, "this file", "give the path of a file", error):
        status = path.stat()
    if stat.S_ISREG(status.st_mode):
        return status.st_size
    kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, socket or device"
    raise error(f"{path}: this is {kind}, and a file is expected; give the path of a file")


def is_file(path: Path) -> bool:
    """Whether there is a regular file; not where the path is none that a file could have."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder; not where the path is none that a folder could have."""
    try:
        return path.is_dir()
    except OSError:
        return False


def read_text(path: Path, error: type[RankscopeError], limit: int = _BIGGEST_TEXT) -> str:
    """Read a text file in UTF-8; a byte order mark is no part of the text.

    Raises:
        RankscopeError: of type `error`: missing, no regular file, longer than `limit` bytes, or
            not UTF-8.
    """
    size = check_regular(path, error)
    if size > limit:
        raise error(
            f"{path}: {size:,} bytes, and no file of this kind has more than {limit:,}; is it the"
            " right file?"
        )
    with reading(path, "this file", "save it as UTF-8 text, readable by you", error):
        return path.read_text("utf-8-sig")


def read_json(path: Path, error: type[RankscopeError]) -> Any:
    """Read a JSON file.

    Raises:
        RankscopeError: of type `error`: no readable text file, or no JSON.
    """
    text = read_text(path, error)
    with reading(path, "this JSON", "fetch or write the file again", error):
        return json.loads(text)


def read_json_object(path: Path, error: type[RankscopeError]) -> dict[str, Any]:
    """Read a JSON file that holds an object, such as `config.json`.

    Raises:
        RankscopeError: of type `error`: no readable JSON, or another kind of value.
    """
    content = read_json(path, error)
    if not isinstance(content, dict):
        raise error(
            f"{path}: this JSON is {_JSON_KINDS.get(type(content), 'a number')}, and an object"
            " ({…}) is expected; fetch or write the file again"
        )
    return content


_JSON_KINDS = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
