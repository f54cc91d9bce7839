"""Names: equal content has an equal name, whatever the order of its keys."""

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from rankscope.records.naming import artefact_name, canonical_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def turned(value: object) -> object:
    """The same value with the keys of every mapping in the opposite order."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(each) for each in value] if isinstance(value, list) else value


@given(values)
def test_the_order_of_keys_does_not_count(value: object) -> None:
    assert canonical_json(turned(value)) == canonical_json(value)
    assert json.loads(canonical_json(value)) == value


@given(values, values)
def test_different_content_has_a_different_text(one: object, other: object) -> None:
    if json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True):
        assert canonical_json(one) != canonical_json(other)


def test_text_is_ascii_so_that_no_locale_counts() -> None:
    assert canonical_json({"ö": "日"}).isascii()


def test_a_name_is_the_slug_and_eight_digits_of_sha256() -> None:
    text = '{"content":{"a":1},"stage":"train"}'
    digits = hashlib.sha256(text.encode()).hexdigest()[:8]
    assert artefact_name("train", "lora-r4", {"a": 1}) == f"lora-r4-{digits}"
    assert artefact_name("data", "lora-r4", {"a": 1}) != f"lora-r4-{digits}"
