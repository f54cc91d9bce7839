"""What an adapter says of itself, however its library would have written it."""

import json
from pathlib import Path

import pytest

from rankscope.records.bases import HubBase, LocalBase
from rankscope.train.saving import save

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB = HubBase(source="hub", repository="owner/name", revision=COMMIT)
LOCAL = LocalBase(source="local", path="models/mine")


class Adapted:
    """Writes an adapter's config as peft does: modules in the order of a set, and a model card."""

    def __init__(self, modules: list[str]) -> None:
        self._modules = modules

    def save_pretrained(self, folder: Path) -> None:
        content = {
            "base_model_name_or_path": "results/base/name-1a2b3c4d/model",
            "revision": None,
            "target_modules": self._modules,
            "r": 4,
        }
        (folder / "adapter_config.json").write_text(json.dumps(content), "utf-8")
        (folder / "README.md").write_text("results/base", "utf-8")


@pytest.mark.parametrize(
    ("base", "name", "revision"),
    [
        (HUB, "owner/name", COMMIT),
        (LOCAL, "models/mine", None),
    ],
)
def test_an_adapter_names_its_base_as_the_study_does(
    tmp_path: Path, base: object, name: str, revision: str | None
) -> None:
    save(Adapted(["v_proj"]), base.reference, tmp_path)
    content = json.loads((tmp_path / "adapter_config.json").read_text("utf-8"))
    assert (content["base_model_name_or_path"], content["revision"]) == (name, revision)
    assert content["r"] == 4
    assert [path.name for path in tmp_path.iterdir()] == ["adapter_config.json"]


def test_the_order_of_a_set_does_not_reach_the_file(tmp_path: Path) -> None:
    for number, modules in enumerate((["q_proj", "v_proj"], ["v_proj", "q_proj"])):
        folder = tmp_path / str(number)
        folder.mkdir()
        save(Adapted(modules), LOCAL.reference, folder)
    one, other = (tmp_path / name / "adapter_config.json" for name in "01")
    assert one.read_bytes() == other.read_bytes()


def test_target_modules_as_an_expression_stay_one(tmp_path: Path) -> None:
    adapted = Adapted([])
    adapted._modules = "all-linear"
    save(adapted, LOCAL.reference, tmp_path)
    content = json.loads((tmp_path / "adapter_config.json").read_text("utf-8"))
    assert content["target_modules"] == "all-linear"
