"""Reading YAML so that every value keeps its line.

Guarantees: `read_source` returns the mapping of a file (lists as tuples) with the line of every
key and list entry, or raises `StudyError` naming file and line; a key that stands twice is refused,
where YAML would silently take the last. It ends within some seconds whatever the file is: nothing
but a regular file is opened, and its size, the depth of its nesting, and the number of values that
its anchors unfold to have limits that no study comes near. Not here: what the keys mean (`file`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from rankscope.errors import StudyError
from rankscope.foreign import check_regular, reason

LARGEST_FILE = 1 << 19
MOST_VALUES = 10_000
DEEPEST = 40
LARGEST_NUMBER = 1 << 63
MOST_LISTED = 40

Place = tuple[str | int, ...]
"""Where a value stands in a file: `("grid", 1, "learning_rate")`."""


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong, at one place."""

    place: Place
    text: str


@dataclass(frozen=True)
class Source:
    """The content of a YAML file and the line of each of its places."""

    path: Path
    content: dict[str, Any]
    lines: dict[Place, int]

    def line(self, place: Place) -> int | None:
        """Line of `place`, or of the nearest place around it; none where the file has no lines."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place)

    def value(self, place: Place) -> Any:
        """The value written at `place`, or None."""
        value: Any = self.content
        for part in place:
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, tuple) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return None
        return value

    def error(self, mistakes: list[Mistake]) -> StudyError:
        """Return one error that lists `mistakes` in the order of the file, each once."""
        by_line = sorted(mistakes, key=lambda mistake: self.line(mistake.place) or 0)
        sentences = list(dict.fromkeys(map(self._sentence, by_line)))
        number = len(sentences)
        if number > MOST_LISTED:
            sentences[MOST_LISTED:] = [f"… and {number - MOST_LISTED:,} more"]
        if number > 1:
            sentences.insert(0, f"{self.path} has {number} mistakes:")
        return StudyError("\n".join(sentences))

    def _sentence(self, mistake: Mistake) -> str:
        line = self.line(mistake.place)
        where = f"{self.path}:{line}" if line else str(self.path)
        key = dotted(mistake.place)
        return f"{where}: {key}: {mistake.text}" if key else f"{where}: {mistake.text}"


def dotted(place: Place) -> str:
    """Write a place the way a person does: `grid[1].learning_rate`."""
    text = ""
    for part in place:
        name = shortened(str(part))
        text += f"[{part}]" if isinstance(part, int) else f".{name}" if text else name
    return text


def shortened(text: str) -> str:
    """Return a text as a message can hold it."""
    return text if len(text) <= 60 else text[:57] + "…"


def read_source(path: Path) -> Source:
    """Read a YAML file whose top level is a mapping.

    Raises:
        StudyError: the file is missing, unreadable, no YAML, empty, no mapping, or has a key twice.
    """
    try:
        # a pipe would be waited for; what is no path at all is refused below
        if path.exists() and not path.is_dir():
            size = check_regular(path, StudyError)
            if size > LARGEST_FILE:
                raise StudyError(
                    f"{path}: {size:,} bytes, and a study has at most {LARGEST_FILE:,}; is it the"
                    " right file?"
                )
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StudyError(f"{path}: there is no such file{_neighbours(path)}") from None
    except (IsADirectoryError, PermissionError) as error:
        raise StudyError(f"{path}: cannot be read as a file ({error.strerror})") from None
    except UnicodeDecodeError:
        raise StudyError(f"{path}: this is not UTF-8 text; save the file as UTF-8") from None
    except (OSError, ValueError) as error:
        # names that no file system takes: too long, links in a circle, a NUL
        told = shortened(str(path))
        raise StudyError(f"{told}: cannot be read as a file ({reason(error)})") from None
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise StudyError(
            f"{path}:{line}: the character U+{ord(text[error.position]):04X} is not allowed in"
            " YAML; remove it"
        ) from None
    try:
        root = loader.get_single_node()
        if root is None:
            raise StudyError(f"{path}: the file is empty; copy {_EXAMPLE} to begin with")
        if not isinstance(root, yaml.MappingNode):
            raise StudyError(
                f"{path}:{_line(root)}: the file must be a mapping (`key: value` lines), and is"
                f" {'a list' if isinstance(root, yaml.SequenceNode) else 'a single value'};"
                f" copy {_EXAMPLE} to begin with"
            )
        reader = _Reader(loader)
        source = Source(path, reader.build(root, ()), reader.lines)
    except yaml.MarkedYAMLError as error:
        raise StudyError(_yaml_sentence(path, error)) from None
    except RecursionError:
        raise StudyError(f"{path}: it is nested too deeply; a study has few levels") from None
    except yaml.YAMLError as error:
        raise StudyError(f"{path}: this is not valid YAML: {error}") from None
    finally:
        loader.dispose()
    if reader.mistakes:
        raise source.error(reader.mistakes)
    return source


_EXAMPLE = "workflow/studies/demo.yaml"
_MERGE = "tag:yaml.org,2002:merge"
_Entries = dict[Any, tuple[yaml.Node, yaml.Node]]
_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which stops at what is nested deeper or has more parts than a study."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        self._nodes += 1
        if self._depth > DEEPEST or self._nodes > MOST_VALUES:
            problem = f"there are more than {MOST_VALUES:,} values"
            if self._depth > DEEPEST:
                problem = f"it is nested deeper than {DEEPEST} levels"
            raise yaml.MarkedYAMLError(
                problem=f"{problem}; a study has far less",
                problem_mark=self.peek_event().start_mark,
            )
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


class _Reader:
    """Turn YAML nodes into values, keeping lines and collecting repeated keys."""

    def __init__(self, loader: yaml.SafeLoader) -> None:
        self.lines: dict[Place, int] = {}
        self.mistakes: list[Mistake] = []
        self._loader = loader
        self._open: list[yaml.Node] = []
        self._values = 0
        self._known: dict[int, _Entries] = {}

    def build(self, node: yaml.Node, place: Place) -> Any:
        self._values += 1
        if self._values > MOST_VALUES:
            # an anchor may hold anchors, and so double what stands there with every line
            raise yaml.MarkedYAMLError(
                problem=f"its anchors (&, *) unfold to more than {MOST_VALUES:,} values; write out"
                " what is meant",
                problem_mark=node.start_mark,
            )
        self.lines.setdefault(place, _line(node))
        if any(node is outer for outer in self._open):
            raise yaml.MarkedYAMLError(
                problem="this anchor contains itself", problem_mark=node.start_mark
            )
        if isinstance(node, yaml.CollectionNode) and node.tag not in _PLAIN:
            raise yaml.MarkedYAMLError(
                problem=f"the tag {node.tag} is not allowed", problem_mark=node.start_mark
            )
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return dict(self._entries(node, place))
            if isinstance(node, yaml.SequenceNode):
                return tuple(
                    self.build(entry, (*place, number)) for number, entry in enumerate(node.value)
                )
            return self._scalar(node, place)
        finally:
            self._open.pop()

    def _scalar(self, node: yaml.Node, place: Place) -> Any:
        value = self._construct(node)
        if isinstance(value, int) and abs(value) >= LARGEST_NUMBER:
            self.mistakes.append(Mistake(place, "the number is larger than any that is allowed"))
            return 0
        return value

    def _construct(self, node: yaml.Node) -> Any:
        try:
            value = self._loader.construct_object(node)
        except yaml.YAMLError:
            raise
        except Exception as error:
            # a date in month 13, a number of 5,000 digits: what YAML takes for them is none
            raise yaml.MarkedYAMLError(
                problem=f"{shortened(str(node.value))} cannot be read: {reason(error)}",
                problem_mark=node.start_mark,
            ) from None
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise yaml.MarkedYAMLError(
                problem="half of a character (a lone surrogate) is no text",
                problem_mark=node.start_mark,
            )
        return value

    def _entries(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[Any, Any]]:
        self._look_at_keys(node, place)
        for key, (key_node, value_node) in self._merged(node, ()).items():
            self.lines[*place, key] = _line(key_node)
            yield key, self.build(value_node, (*place, key))

    def _merged(self, node: yaml.Node, outer: tuple[yaml.Node, ...]) -> _Entries:
        """Return the entries of a mapping by key, with those that `<<: *defaults` brings.

        What stands in the mapping itself goes before what is merged, and of a list of merged ones
        the first. Every mapping counts as its number of different keys, however often it is merged.
        """
        if node in outer or len(outer) > DEEPEST:
            raise yaml.MarkedYAMLError(
                problem="this anchor contains itself", problem_mark=node.start_mark
            )
        if id(node) in self._known:
            return self._known[id(node)]
        found: _Entries = {}
        for key_node, value in node.value:
            if key_node.tag != _MERGE:
                continue
            parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for part in reversed(parts):
                if not isinstance(part, yaml.MappingNode):
                    raise yaml.MarkedYAMLError(
                        problem="`<<` takes a mapping, or a list of mappings",
                        problem_mark=value.start_mark,
                    )
                found |= self._merged(part, (*outer, node))
        own = [entry for entry in node.value if entry[0].tag != _MERGE]
        found |= {self._key(key_node): (key_node, value) for key_node, value in own}
        self._known[id(node)] = found
        return found

    def _look_at_keys(self, node: yaml.MappingNode, place: Place) -> None:
        first: dict[Any, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            key, line = self._key(key_node), _line(key_node)
            if not isinstance(key, str):
                text = f'YAML does not read this key as text: write "{key_node.value}"'
                self.lines.setdefault((*place, key_node.value), line)
                self.mistakes.append(Mistake((*place, key_node.value), f"{text}, in quotes"))
            if key in first:
                text = f"this key stands twice, in lines {first[key]} and {line}; remove one"
                self.mistakes.append(Mistake((*place, key), text))
            first.setdefault(key, line)

    def _key(self, node: yaml.Node) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(
                problem="a key must be a single word", problem_mark=node.start_mark
            )
        return self._construct(node)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _neighbours(path: Path) -> str:
    """What the user may have meant: the study files beside a missing one."""
    found = (file.name for file in path.parent.glob("*.yaml"))
    names = sorted(name for name in found if name != "config.yaml")
    close = get_close_matches(path.name, names, n=1)
    meant = f"; did you mean {path.with_name(close[0])}?" if close else ""
    if path.parent != Path() and Path(path.name).exists():
        meant = f"; did you mean ./{path.name}?"
    if not names:
        return f"{meant} (from {Path.cwd()})"
    return f"{meant}; {path.parent.absolute()} has: {', '.join(names)}"


def _yaml_sentence(path: Path, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    where = f"{path}:{mark.line + 1}" if mark else str(path)
    problem = error.problem or "it cannot be read"
    if "\\t" in problem:
        return f"{where}: a tab stands here; YAML indents with spaces: replace it by spaces"
    return f"{where}: this is not valid YAML: {problem}"
