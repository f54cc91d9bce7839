"""Whatever stands in a study file, the answer is a study or a message, never a traceback."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rankscope.check.check import checked
from rankscope.errors import StudyError
from study_text import STUDY

properties = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
WORDS = [
    "full", "lora", "code", "english", "items", "hub", "text", "local", "embedded", "2r", "q_proj",
    "all-linear", "standard-library", "continuations", "", "1e-4", "yes", "../up", "~", "ä b",
]  # fmt: skip
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 300), st.sampled_from(WORDS), st.dates(),
    st.sampled_from([0.5, -1.0, 1e-4, float("nan")]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["source", "method", "rank", "kind", "x"]), inner, max_size=3
        ),
    ),
    max_leaves=4,
)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a nested value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    found = [place] if place else []
    for key, entry in entries:
        inner = (*place, key)
        found += places(entry, inner) if isinstance(entry, dict | list) else [inner]
    return found


PLACES = places(yaml.safe_load(STUDY))
edits = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(["set", "remove", "rename"]), values),
    min_size=1,
    max_size=3,
)


def apply(content: Any, place: tuple[Any, ...], edit: str, value: Any) -> None:
    *outer, last = place
    for part in outer:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return  # an earlier edit took it away
    if not isinstance(content, dict | list):
        return
    if edit == "set" and (isinstance(content, dict) or last in range(len(content))):
        content[last] = copy.deepcopy(value)
    elif isinstance(content, dict) and last in content:
        moved = content.pop(last)
        if edit == "rename":
            content[f"{last}x"] = moved


@properties
@given(edits)
def test_any_edit_is_accepted_or_answered_with_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edits: list[Any]
) -> None:
    monkeypatch.chdir(tmp_path)
    content = yaml.safe_load(STUDY)
    for place, edit, value in edits:
        apply(content, place, edit, value)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    try:
        checked("./mine.yaml")
    except StudyError as error:
        first, *others = str(error).splitlines()
        mistakes = others or [first]
        assert all(line.startswith("mine.yaml:") for line in mistakes), str(error)
        assert all(len(line.split(": ", 2)[-1]) > 8 for line in mistakes), str(error)


@properties
@given(st.text(max_size=40))
def test_any_text_is_answered_with_a_message(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError):
        checked(path)
