"""Reading YAML so that every value keeps its line.

Guarantees: `read_source` returns the mapping of a file (lists as tuples) with the line of every
key and list entry, or raises `StudyError` naming file and line; a key that stands twice is refused,
where YAML would silently take the last. Not here: what the keys mean (`file`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from rankscope.errors import StudyError

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
        """Return one error that lists all `mistakes` in the order of the file, each once."""
        by_line = sorted(mistakes, key=lambda mistake: self.line(mistake.place) or 0)
        sentences = list(dict.fromkeys(map(self._sentence, by_line)))
        if len(sentences) > 1:
            sentences.insert(0, f"{self.path} has {len(sentences)} mistakes:")
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
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def read_source(path: Path) -> Source:
    """Read a YAML file whose top level is a mapping.

    Raises:
        StudyError: the file is missing, unreadable, no YAML, empty, no mapping, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StudyError(f"{path}: there is no such file{_neighbours(path)}") from None
    except (IsADirectoryError, PermissionError) as error:
        raise StudyError(f"{path}: cannot be read as a file ({error.strerror})") from None
    except UnicodeDecodeError:
        raise StudyError(f"{path}: this is not UTF-8 text; save the file as UTF-8") from None
    try:
        loader = yaml.SafeLoader(text)
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
    except yaml.YAMLError as error:
        raise StudyError(f"{path}: this is not valid YAML: {error}") from None
    finally:
        loader.dispose()
    if reader.mistakes:
        raise source.error(reader.mistakes)
    return source


_EXAMPLE = "workflow/studies/demo.yaml"
_PLAIN = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class _Reader:
    """Turn YAML nodes into values, keeping lines and collecting repeated keys."""

    def __init__(self, loader: yaml.SafeLoader) -> None:
        self.lines: dict[Place, int] = {}
        self.mistakes: list[Mistake] = []
        self._loader = loader
        self._open: list[yaml.Node] = []

    def build(self, node: yaml.Node, place: Place) -> Any:
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
            return self._loader.construct_object(node)
        finally:
            self._open.pop()

    def _entries(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[Any, Any]]:
        self._look_at_keys(node, place)
        # `<<: *defaults` puts the merged keys in front, where later ones replace them
        self._loader.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = self._key(key_node)
            self.lines[*place, key] = _line(key_node)
            yield key, self.build(value_node, (*place, key))

    def _look_at_keys(self, node: yaml.MappingNode, place: Place) -> None:
        first: dict[Any, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
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
        return self._loader.construct_object(node)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _neighbours(path: Path) -> str:
    """What the user may have meant: the study files beside a missing one."""
    found = (file.name for file in path.parent.glob("*.yaml"))
    names = sorted(name for name in found if name != "config.yaml")
    close = get_close_matches(path.name, names, n=1)
    meant = f"; did you mean {path.with_name(close[0])}?" if close else ""
    if not names:
        return f" (from {Path.cwd()})"
    return f"{meant}; {path.parent.absolute()} has: {', '.join(names)}"


def _yaml_sentence(path: Path, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    where = f"{path}:{mark.line + 1}" if mark else str(path)
    problem = error.problem or "it cannot be read"
    if "\\t" in problem:
        return f"{where}: a tab stands here; YAML indents with spaces: replace it by spaces"
    return f"{where}: this is not valid YAML: {problem}"
