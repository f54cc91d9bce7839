"""Bases: what an adapter calls them, and what their names depend on."""

import pytest
from pydantic import ValidationError

from rankscope.records.bases import BlankBase, HubBase, LocalBase, Reference

REVISION = "0123456789abcdef" * 2 + "01234567"


def blank(**changes: object) -> BlankBase:
    sizes = {"vocabulary_size": 300, "hidden_size": 32, "layers": 2, "heads": 2,
             "intermediate_size": 64, "context_length": 32, "seed": 0}  # fmt: skip
    corpus = {"source": "standard-library", "content": "english"}
    return BlankBase.model_validate({"corpus": corpus} | sizes | changes)


def test_an_adapter_names_what_others_can_find() -> None:
    hub = HubBase(source="hub", repository="owner/name", revision=REVISION)
    assert hub.reference == Reference("owner/name", REVISION)
    assert LocalBase(source="local", path="a/b").reference == Reference("a/b")
    assert blank().reference is None


@pytest.mark.parametrize("revision", ["main", "v1.0", REVISION[:-1], REVISION.upper()])
def test_a_revision_is_a_whole_commit(revision: str) -> None:
    with pytest.raises(ValidationError, match="revision"):
        HubBase(source="hub", repository="owner/name", revision=revision)


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"layers": 3}, {"initializer_range": 0.03}, {"context_length": 64}]
)
def test_all_that_decides_a_blank_base_is_in_its_name(change: dict[str, object]) -> None:
    assert blank(**change).name != blank().name
    assert blank().name == blank().name


def test_a_root_is_its_own_and_has_learned_nothing() -> None:
    assert blank().root == blank()
    assert blank().learned_from == ()
    assert blank().loaded == (blank(),)
    assert [source.stage for source in blank().sources] == ["data"]
    assert blank().keys()["base"] == blank().name
