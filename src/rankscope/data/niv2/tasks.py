"""One task of Super-NaturalInstructions, read from its JSON content.

Guarantees: a `Task` has a category, a definition, and instances with distinct ids, distinct texts
and at least one reference each. Whatever is left out on the way is returned as a `Problem` with
the reason. Both schemas are read: the published one and the older one (`Definition` and outputs
as plain strings, no ids, no languages). Not here: finding the files (`source`).
"""

import hashlib
import string
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

MOST_LABELS = 10
INSTANCES_PER_LABEL = 10
LANGUAGES = ("Input_language", "Output_language", "Instruction_language")

NOT_UNICODE = "not valid Unicode"

TaskSplit = Literal["train", "test"]


@dataclass(frozen=True, slots=True)
class Instance:
    """An input text and its accepted answers."""

    id: str
    text: str
    references: tuple[str, ...]
    sha256: str


@dataclass(frozen=True)
class Task:
    """A task with its instances in the order of the file."""

    name: str
    category: str
    split: TaskSplit
    definition: str
    instances: tuple[Instance, ...]

    @cached_property
    def options(self) -> tuple[str, ...] | None:
        """The sorted labels of a classification task, None where answers are generated.

        A task counts as classification if it has at most 10 distinct labels and at least 10
        instances for each of them on average: files do not say which tasks have labels. Spellings
        that scoring takes for the same (`Yes`, `yes.`) are one label.
        """
        return options(instance.references for instance in self.instances)

    @cached_property
    def content_sha256(self) -> str:
        """Hash of definition, texts and references: equal for a task under another name."""
        lines = sorted(f"{i.sha256} {'|'.join(sorted(i.references))}" for i in self.instances)
        return hashlib.sha256("\n".join([self.definition, *lines]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was left out or assumed, for the table of problems.

    `instances` counts what is affected, null where that is unknown.
    """

    task: str
    split: str | None
    what: Literal["task left out", "instances left out", "note"]
    reason: str
    instances: int | None = None
    detail: str = ""


def options(references: Any) -> tuple[str, ...] | None:
    """Return the label set of an iterable of reference tuples, or None (see `Task.options`).

    A label of several spellings has the first of them in the alphabet.
    """
    spelled: dict[str, str] = {}
    count = 0
    for accepted in references:
        for reference in accepted:
            spelling, label = reference.strip(), label_of(reference)
            spelled[label] = min(spelled.get(label, spelling), spelling)
        count += 1
        if len(spelled) > MOST_LABELS:
            return None
    return tuple(sorted(spelled.values())) if len(spelled) * INSTANCES_PER_LABEL <= count else None


def label_of(reference: str) -> str:
    """Return what scoring compares: lower-case words without punctuation.

    A reference of nothing else (`+`, `?`) is its own label.
    """
    letters = "".join(c for c in reference.lower() if c not in string.punctuation)
    return " ".join(letters.split()) or reference.strip()


def text_sha256(text: str) -> str:
    """Hash a text up to white space and Unicode composition: equal hashes are the same text."""
    return hashlib.sha256(
        " ".join(unicodedata.normalize("NFC", text).split()).encode("utf-8", "surrogatepass")
    ).hexdigest()


def is_unicode(text: str) -> bool:
    """Whether a text can be stored: JSON may spell half of a surrogate pair (`"\\ud83d"`)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def parse_task(
    name: str, split: TaskSplit, content: Any, category: str | None
) -> tuple[Task | None, list[Problem]]:
    """Read one task file's content; `category` (of the table) goes before the file's own."""

    def refused(reason: str, detail: str = "") -> tuple[None, list[Problem]]:
        return None, [Problem(name, split, "task left out", reason, detail=detail)]

    if not isinstance(content, dict):
        return refused("malformed", "the file holds no JSON object")
    definition = _first_text(content.get("Definition"))
    if definition is None:
        return refused("malformed", "no `Definition`")
    if not is_unicode(definition):
        return refused(NOT_UNICODE, "the `Definition`")
    foreign = _foreign_languages(content)
    if foreign:
        return refused("not English", foreign)
    category = category or _first_text(content.get("Categories"))
    if category is None:
        return refused("malformed", "no category in the table and none in the file")
    if not is_unicode(category):
        return refused(NOT_UNICODE, "the category")
    listed = content.get("Instances")
    if not isinstance(listed, list):
        return refused("malformed", "no list `Instances`")
    instances, problems = _instances(name, split, listed)
    if not instances:
        return None, [
            *problems,
            Problem(name, split, "task left out", "empty", len(listed), "no usable instance"),
        ]
    if not any(key in content for key in LANGUAGES):
        problems.append(
            Problem(name, split, "note", "no language given", detail="taken as English")
        )
    return Task(name, category, split, definition, instances), problems


def _first_text(value: Any) -> str | None:
    """Return the first non-blank string of a list, or the string itself (older schema)."""
    for candidate in value if isinstance(value, list) else [value]:
        if isinstance(candidate, str) and candidate.strip():
            return candidate.strip()
    return None


def _foreign_languages(content: dict[str, Any]) -> str:
    """Say which language fields are not English alone; empty if none."""
    given = {key: content[key] for key in LANGUAGES if key in content}
    as_lists = {key: value if isinstance(value, list) else [value] for key, value in given.items()}
    return ", ".join(
        f"{key}: {'/'.join(map(str, value))}"
        for key, value in as_lists.items()
        if value != ["English"]
    )


def _instances(
    name: str, split: TaskSplit, listed: list[Any]
) -> tuple[tuple[Instance, ...], list[Problem]]:
    """Read the instances; problems are counted per reason."""
    kept: dict[str, Instance] = {}
    ids: set[str] = set()
    dropped: Counter[str] = Counter()
    renamed = 0
    for entry in listed:
        read = _text_and_references(entry)
        if isinstance(read, str):
            dropped[read] += 1
            continue
        text, references = read
        digest = text_sha256(text)
        if digest in kept:
            dropped["same text as an earlier instance"] += 1
            continue
        given = entry.get("id")
        if not isinstance(given, str) or not given or not is_unicode(given) or given in ids:
            given, renamed = f"{name.split('_')[0]}-{digest[:32]}", renamed + 1
        ids.add(given)
        kept[digest] = Instance(given, text, references, digest)
    problems = [
        Problem(name, split, "instances left out", reason, count)
        for reason, count in sorted(dropped.items())
    ]
    if renamed:
        problems.append(
            Problem(name, split, "note", "no id, or not a unique one", renamed, "made of the text")
        )
    return tuple(kept.values()), problems


def _text_and_references(entry: Any) -> tuple[str, tuple[str, ...]] | str:
    """Return text and references of one instance, or the reason why it is left out."""
    if not isinstance(entry, dict):
        return "malformed"
    text, output = entry.get("input"), entry.get("output")
    references = [output] if isinstance(output, str) else output
    if not isinstance(text, str) or not isinstance(references, list):
        return "malformed"
    if not all(isinstance(reference, str) for reference in references):
        return "malformed"
    if not text.strip():
        return "empty input"
    if not all(map(is_unicode, (text, *references))):
        return NOT_UNICODE
    filled = tuple(dict.fromkeys(reference for reference in references if reference.strip()))
    return (text, filled) if filled else "empty output"
