"""Notes on mixtures of which one need not lie inside the other."""

from pathlib import Path
from typing import Any

import pytest

from instruction_study import STUDY, noted
from tiny_llama import save_base


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_base(Path("base"), context=512)


def mixture(size: int | str, *nested: int, **changes: Any) -> dict[str, Any]:
    return STUDY["data"]["T6"] | {"size": size, "nested": list(nested)} | changes


def test_mixtures_that_need_not_be_nested_are_noted():
    train_on = ["T6", "T12", "T24", "Tall"]
    good = {"T24": mixture(24, 6, 12), "Tall": mixture("all", 6)}
    assert noted(good, train_on=train_on) == []
    (note,) = noted(good | {"T24": mixture(24, 6)}, train_on=train_on)
    assert note.startswith("instructions.yaml:")
    assert "data.T24.nested: T12 need not lie inside T24" in note
    assert "`nested` of T24 begins with [6, 12]" in note


def test_mixtures_of_one_size_may_have_different_tasks():
    star = mixture(12, with_replacement=True)
    data = {"Tstar12": star | {"nested": [6]}}
    assert noted(data, train_on=["T6", "T12", "Tstar12"]) == []
    found = noted({"Tstar12": star})
    assert any("T12 need not lie inside Tstar12" in note for note in found)


def test_other_samplings_are_not_nested_by_design():
    data = {"T24": mixture(24, 6, sampling_seed=7)}
    found = noted(data, train_on=["T6", "T12"])
    assert not any("need not lie inside" in note for note in found)
