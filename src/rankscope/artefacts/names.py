"""Names that come from a file or a study, made into names of files.

Guarantees: `file_name` gives one component of a path, whatever it is given: no separator, no drive,
no `..`, nothing hidden, reserved or too long, on Linux, macOS and Windows. Two names never meet,
not even where a file system ignores case or composes letters. A plain lower-case name, as most
modules of models have, is its own file name; any other keeps what can be read of it and ends in its
hash. It is applied once, to the name itself: not to what it returned.
"""

import hashlib
import re
import unicodedata

_LONGEST = 120  # bytes: leaves room for a suffix, and for the names of temporary files, in 255
_PLAIN = re.compile(r"[a-z0-9_\[](?:[a-z0-9_.,=+\[\]-]*[a-z0-9_\]+=-])?")
# devices on Windows, with any suffix
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)")
_HASH = 32  # hexadecimal digits: 128 bits, so that nobody can find two names that meet
_MARK = "~"  # in no plain name, so that no hashed name is a plain one


def file_name(name: str) -> str:
    """Return the file name of `name`, without suffix: at most 120 bytes.

    `model.layers.0.mlp` stays as it is; `../Up` becomes `Up~` and 32 digits.
    """
    if _PLAIN.fullmatch(name) and len(name) <= _LONGEST and not _RESERVED.match(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH]
    return f"{_readable(name)}{_MARK}{digest}"


def _readable(name: str) -> str:
    """Return what can be read of a name: letters and digits, runs of all else as one `-`."""
    composed = unicodedata.normalize("NFC", name)
    kept = "".join(letter if letter.isalnum() or letter in "_.[]" else "-" for letter in composed)
    text = re.sub(r"-{2,}", "-", re.sub(r"\.{2,}", ".", kept)).strip(".-")
    if not text or _RESERVED.match(text.lower()):
        text = f"_{text}"
    return text.encode()[: _LONGEST - _HASH - len(_MARK)].decode(errors="ignore")
