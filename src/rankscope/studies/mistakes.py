"""From pydantic's errors to sentences a user can act on.

Guarantees: one `Mistake` per place, with the value as written, what is allowed there and, where it
can be guessed, what to write instead. What is allowed is read off the model's own JSON schema, so
it cannot differ from what is checked.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rankscope.records.labels import REPORTED_ELSEWHERE
from rankscope.studies.schema import Node
from rankscope.studies.source import Mistake, Place, dotted

LONGEST_WORD = 100
_ELSEWHERE = {
    "learning_rate": "learning rates stand in the blocks of `grid`, one for each method",
    "seed": "seeds stand under `seeds`, in the study or in a block of `grid`",
    "rank": "ranks stand in the blocks of `grid`",
}
"""Keys that are often looked for in the wrong section."""


def mistakes(error: ValidationError, content: Any, model: type[BaseModel]) -> list[Mistake]:
    """Return what is wrong with `content`, which failed to validate as `model`."""
    root = Node.of(model)
    at: dict[Place, list[ErrorDetails]] = defaultdict(list)
    for detail in error.errors(include_url=False):
        if detail["type"] != REPORTED_ELSEWHERE:
            at[_place(detail, content)].append(detail)
    unknown = [place for place in at if at[place][0]["type"] == "extra_forbidden"]
    for place in unknown:
        # a misspelt key is one mistake, not an unknown and a missing one
        guess = close_word(place[-1], root.at(place[:-1], content).keys)
        if at.get((*place[:-1], guess), [{"type": ""}])[0]["type"] == "missing":
            del at[*place[:-1], guess]
    # of a union's branches, the one that got further into the value is the one that was meant
    meant = [place for place in at if not _reaches_further(place, at)]
    return [Mistake(place, _sentence(at[place], root, place, content)) for place in meant]


def shown(value: Any) -> str:
    """Write a value as in a YAML file, shortened."""
    if isinstance(value, tuple | list):
        text = "[" + ", ".join(map(shown, value)) + "]"
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{key}: {shown(entry)}" for key, entry in value.items()) + "}"
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"


def close_word(word: Any, known: Iterable[str]) -> str:
    """Return the known word that was probably meant, or an empty text."""
    word, known = str(word).lower()[:LONGEST_WORD], list(known)
    longer = [name for name in known if word and name.startswith(word)]
    return next(iter(get_close_matches(word, known, n=1, cutoff=0.6) or longer), "")


def suggestion(word: Any, known: Iterable[str]) -> str:
    """Return `; did you mean x?` where a known word is close."""
    close = close_word(word, known)
    return f"; did you mean {close}?" if close else ""


def _place(detail: ErrorDetails, content: Any) -> Place:
    """Drop what pydantic adds to a location: names of union branches, lists that are implied."""
    place: list[str | int] = []
    for part in detail["loc"]:
        inside = isinstance(content, dict) and part in content
        inside |= isinstance(content, tuple) and isinstance(part, int) and part < len(content)
        if inside:
            place.append(part)
            content = content[part]
    if detail["type"] == "missing" and not _is_entry(detail):
        place.append(detail["loc"][-1])
    elif detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
        place.append(_discriminator(detail))
    return tuple(place)


def _is_entry(detail: ErrorDetails) -> bool:
    """Whether an error is about an entry of a list, and not about a key."""
    return isinstance(detail["loc"][-1], int)


def _reaches_further(place: Place, at: dict[Place, list[ErrorDetails]]) -> bool:
    deeper = (other for other in at if len(other) > len(place) and other[: len(place)] == place)
    return next(deeper, None) is not None


def _discriminator(detail: ErrorDetails) -> str:
    return str(detail["ctx"]["discriminator"]).strip("'")


def _sentence(details: list[ErrorDetails], root: Node, place: Place, content: Any) -> str:
    detail = details[0]
    value = _written(place, content)
    if detail["loc"][-1:] == ("[key]",):
        pattern = detail["type"] == "string_pattern_mismatch"
        allowed = "letters, digits, - and _" if pattern else _allowed(detail)
        return f"this key does not fit, as it becomes part of file names; allowed: {allowed}"
    if detail["type"] == "extra_forbidden":
        return _unknown_key(root, place, content)
    if detail["type"] == "missing" and _is_entry(detail):
        return f"{shown(value)} has too few entries{_about(root, place, content)}"
    if detail["type"] in ("missing", "union_tag_not_found"):
        return _missing(root, place, content)
    if detail["type"] == "union_tag_invalid":
        return _choice(
            value, [tag.strip("'") for tag in detail["ctx"]["expected_tags"].split(", ")]
        )
    if value is None:
        return f"the key has no value{_about(root, place, content)}"
    if len(details) > 1:
        allowed = " or ".join(dict.fromkeys(_allowed(branch) for branch in details))
        return f"{shown(value)} does not fit; allowed: {allowed}{_hint(value, details)}"
    if detail["type"] == "literal_error":
        return _choice(value, _words(detail)) + _hint(value, details)
    if detail["type"].startswith("rankscope") or detail["type"] == "value_error":
        return _own(detail, value)
    if detail["type"] == "string_pattern_mismatch":
        return f"{shown(value)} does not fit{_about(root, place, content)}"
    kind = _kind(value, detail["type"])
    return f"{shown(value)} is {kind}; allowed: {_allowed(detail)}{_hint(value, details)}"


def _written(place: Place, content: Any) -> Any:
    for part in place:
        if isinstance(content, dict):
            content = content.get(part)
        elif isinstance(content, tuple) and isinstance(part, int):
            content = content[part]
        else:
            return None
    return content


def _unknown_key(root: Node, place: Place, content: Any) -> str:
    parent, key = root.at(place[:-1], content), place[-1]
    known = list(parent.keys)
    for tag, branch in parent.siblings.items():
        if key in branch.keys:
            return (
                f"{shown(_written(place, content))} contradicts `{parent.tag_key}: {parent.tag}`:"
                f" only `{parent.tag_key}: {tag}` has this key; remove it, or change the"
                f" {parent.tag_key}; allowed here: {', '.join(known)}"
            )
    homes = _homes(root, place, content)
    if key in _ELSEWHERE:
        guess = f"; {_ELSEWHERE[str(key)]}"
    elif homes:
        guess = f"; it belongs to {' or '.join(homes)}"
    else:
        guess = suggestion(key, known)
    return f"unknown key{guess}; allowed here: {', '.join(known)}"


def _homes(root: Node, place: Place, content: Any) -> list[str]:
    """Name the sections that know a misplaced key: nearby ones, else those of the whole file."""
    key = place[-1]
    for around in (place[:-1], ()):
        value = _written(around, content)
        inside = value if isinstance(value, dict) else {}
        found = []
        for name in root.at(around, content).keys:
            listed = isinstance(inside.get(name), tuple) and inside[name]
            section: Place = (*around, name, 0) if listed else (*around, name)
            if key in root.at(section, content).keys:
                found.append(f"`{dotted((*around, name))}`")
        if found:
            return found
    return ["the top level"] if key in root.keys else []


def _missing(root: Node, place: Place, content: Any) -> str:
    return f"this key is missing{_about(root, place, content)}"


def _about(root: Node, place: Place, content: Any) -> str:
    """Say what is expected at `place`, from the model's description or its type."""
    node = root.at(place, content)
    choices = node.choices
    if choices:
        return f"; allowed: {', '.join(choices)}"
    expected = node.description or node.kind
    return f"; expected: {expected}" if expected else ""


def _choice(value: Any, words: list[str]) -> str:
    return f"{shown(value)} is unknown{suggestion(value, words)}; allowed: {', '.join(words)}"


def _own(detail: ErrorDetails, value: Any) -> str:
    if detail["type"] == "rankscope_unknown_label":
        return detail["msg"] + suggestion(value, [str(known) for known in detail["ctx"]["known"]])
    return detail["msg"].removeprefix("Value error, ")


def _words(detail: ErrorDetails) -> list[str]:
    """The words a literal allows; pydantic lists them as `'a', 'b' or 'c'`."""
    return [word.strip("' ") for word in detail["ctx"]["expected"].replace(" or ", ", ").split(",")]


_ALLOWED: dict[str, Callable[[dict[str, Any]], str]] = {
    "float_type": lambda _: "a number",
    "int_type": lambda _: "a whole number",
    "int_from_float": lambda _: "a whole number",
    "bool_type": lambda _: "true or false",
    "string_type": lambda _: "text",
    "tuple_type": lambda _: "a list",
    "dict_type": lambda _: "a mapping (`key: value` lines)",
    "model_type": lambda _: "a mapping (`key: value` lines)",
    "model_attributes_type": lambda _: "a mapping (`key: value` lines)",
    "finite_number": lambda _: "a finite number",
    "greater_than": lambda bound: f"a number above {bound['gt']:.12g}",
    "greater_than_equal": lambda bound: f"a number of at least {bound['ge']:.12g}",
    "less_than": lambda bound: f"a number below {bound['lt']:.12g}",
    "less_than_equal": lambda bound: f"a number of at most {bound['le']:.12g}",
    "too_short": lambda bound: f"at least {bound['min_length']} entry",
    "too_long": lambda bound: f"at most {bound['max_length']} entries",
    "string_too_long": lambda bound: f"at most {bound['max_length']} characters",
    "string_too_short": lambda bound: f"at least {bound['min_length']} character",
}


def _allowed(detail: ErrorDetails) -> str:
    if detail["type"] == "literal_error":
        return ", ".join(_words(detail))
    if detail["type"] in _ALLOWED:
        return _ALLOWED[detail["type"]](detail.get("ctx", {}))
    return detail["msg"].removeprefix("Input should be ")


def _kind(value: Any, error: str) -> str:
    """What a value is that does not fit."""
    if isinstance(value, bool):
        return "true/false"
    if isinstance(value, str):
        return "text" if value else "empty"
    if isinstance(value, dict | tuple):
        name = "a mapping" if isinstance(value, dict) else "a list"
        return name if value else "empty"
    if isinstance(value, int | float):
        if error in ("int_type", "int_from_float"):
            return "no whole number"
        return "a number" if error.endswith("_type") else "out of range"
    return f"a {type(value).__name__}"


def _hint(value: Any, details: list[ErrorDetails]) -> str:
    """Say what to write instead, for the traps of YAML."""
    kinds = {detail["type"] for detail in details}
    if isinstance(value, str) and kinds & {"float_type", "int_type"}:
        try:
            number = float(value)
        except ValueError:
            return ""
        if "e" in value.lower() and "." not in value:
            mantissa, exponent = value.lower().split("e")
            return f"; YAML reads {value} as text: write {mantissa}.0e{exponent}"
        return f"; write {number:g}, without quotes"
    if isinstance(value, float) and value.is_integer() and "int_type" in kinds:
        return f"; write {value:.0f}"
    if isinstance(value, bool) and kinds & {"string_type", "literal_error"}:
        return "; YAML reads yes, no, on and off as true/false: put it in quotes"
    if isinstance(value, int | float) and "string_type" in kinds:
        return f'; write "{value}", in quotes'
    if isinstance(value, str) and "tuple_type" in kinds:
        return f"; write [{value}]"
    return ""
