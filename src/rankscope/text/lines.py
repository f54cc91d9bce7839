"""Text files of others, with the line and the byte of whatever is wrong in them.

Guarantees: text is UTF-8; a byte order mark is no part of it, and line ends are `\\n` whichever
they were. A wrong byte is named by its line and its place in the file; UTF-16 and NUL bytes are
refused by name. A pipe, a device or a folder is refused at once.
"""

import codecs
from collections.abc import Iterator
from pathlib import Path

from rankscope.errors import DataError
from rankscope.foreign import check_regular, reading

LONGEST_LINE = 1 << 28
_MARK = "\ufeff"
_LONGEST_NAME = 120
_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_ADVICE = "give a readable file of UTF-8 text"


def whole_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        DataError: it is no regular file, or no UTF-8 text.
    """
    check_regular(path, DataError)
    with reading(path, "this file", _ADVICE, DataError):
        content = path.read_bytes()
    text = _decoded(path, content, 1, 0).removeprefix(_MARK)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, each with its number, from 1, and without its end.

    Raises:
        DataError: the file is no regular one, or a line is no UTF-8 text, or too long for one.
    """
    check_regular(path, DataError)
    number, offset = 1, 0
    with reading(path, "this file", _ADVICE, DataError):
        file = path.open("rb")
    with file:
        while True:
            with reading(path, "this file", _ADVICE, DataError):
                content = file.readline(LONGEST_LINE + 1)
            if not content:
                return
            if len(content) > LONGEST_LINE:
                raise DataError(
                    f"{path}, line {number}: the line is longer than {LONGEST_LINE:,} bytes; write"
                    " one document per line"
                )
            # old files end their lines with a carriage return alone
            for line in content.splitlines(keepends=True):
                # files that were joined have marks in the middle
                text = _decoded(path, line, number, offset).strip("\r\n").removeprefix(_MARK)
                if text.strip():
                    yield number, text
                number, offset = number + 1, offset + len(line)


def printable(text: str) -> str:
    """Return a name that can be printed and stored: what is no Unicode is written out."""
    shown = text.encode(errors="backslashreplace").decode()
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[:_LONGEST_NAME]}…"


def _decoded(path: Path, content: bytes, line: int, offset: int) -> str:
    """Decode a piece of a file that begins at `line` and byte `offset`."""
    if offset == 0:
        for mark, encoding in _OTHER_ENCODINGS:
            if content.startswith(mark):
                raise DataError(
                    f"{path}, line 1: this is {encoding} text; convert the file to UTF-8"
                    f" (`iconv -f {encoding} -t UTF-8`)"
                )
    nul = content.find(0)
    if nul >= 0:
        raise DataError(
            f"{_place(path, content, line, offset, nul)} is NUL, which no UTF-8 text file has;"
            " convert the file to UTF-8, or give another"
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{_place(path, content, line, offset, error.start)} is not UTF-8 ({error.reason});"
            " convert the file to UTF-8"
        ) from None


def _place(path: Path, content: bytes, line: int, offset: int, wrong: int) -> str:
    """Name a byte of `content` by the line and the place (from 0) in the file."""
    before = content[:wrong].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return f"{path}, line {line + before.count(10)}: byte {offset + wrong} of the file"
