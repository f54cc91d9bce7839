"""Mistakes about versions that others published, each with its place in the file."""

import json
from pathlib import Path

import pytest

from labelled_runs import write_pairs
from rankscope.check.check import checked
from rankscope.errors import StudyError
from rankscope.records.heads import Classifier
from rankscope.weights import heads
from study_mistakes import REVISION
from study_text import edited
from tiny_heads import save_family
from tiny_llama import save_adapter, save_base


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base, an adapter on it, and a whole model of other layers."""
    folder = tmp_path_factory.mktemp("models")
    save_adapter(save_base(folder / "base"), folder / "adapter", seed=0)
    other = save_base(folder / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 1}))
    return folder


def study(models: Path, versions: str) -> str:
    text = edited(("seeds: [0, 1]", f"versions: {versions}\nseeds: [0, 1]"))
    base = text[text.index("  source: embedded") : text.index("\ntrain_on")]
    return text.replace(base, f"  source: local\n  path: {models / 'base'}\n").replace(
        "[1, 4, 16]", "[1, 4]"
    )


def mistakes_of(models: Path, versions: str, tmp_path: Path) -> str:
    file = tmp_path / "mine.yaml"
    file.write_text(study(models, versions), "utf-8")
    try:
        checked(file.as_posix())
    except StudyError as error:
        return "\n".join(line for line in str(error).splitlines() if "versions" in line)
    return ""


def test_an_adapter_of_the_base_is_taken(models: Path, tmp_path: Path) -> None:
    local = f"{{theirs: {{source: local, path: {models / 'adapter'}}}}}"
    assert mistakes_of(models, local, tmp_path) == ""


def test_what_is_not_of_the_base_is_refused(models: Path, tmp_path: Path) -> None:
    local = f"{{theirs: {{source: local, path: {models / 'other'}}}}}"
    found = mistakes_of(models, local, tmp_path)
    assert "versions.theirs.path: " in found
    assert "cannot be used" in found
    assert "layers" in found


def test_a_folder_that_is_not_there_is_refused(models: Path, tmp_path: Path) -> None:
    found = mistakes_of(models, "{theirs: {source: local, path: nowhere}}", tmp_path)
    assert '"nowhere" cannot be used: nowhere: there is no such folder' in found


LABELLED = """\
study: mine
title: Labels of versions
data:
  pairs:
    source: labelled
    path: pairs.jsonl
    text_fields: [a, b]
    labels: [same, other]
base: {source: local, path: encoder}
versions: {theirs: {source: local, path: theirs}}
train_on: pairs
seeds: [0]
recipe: {steps: 4, batch_size: 4, sequence_length: 32, keep: [1.0]}
grid:
  - {method: full, learning_rate: 5.0e-3}
evaluate:
  tiny:
    - {name: labels, kind: classify, measures: learning, data: pairs, text_tokens: 32}
"""


@pytest.fixture
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A base for labels, in the folder of a study of pairs."""
    monkeypatch.chdir(tmp_path)
    write_pairs(Path("pairs.jsonl"))
    Path("mine.yaml").write_text(LABELLED, "utf-8")
    return save_family("roberta", Path("encoder"))


def test_a_checkpoint_that_says_its_labels_is_asked_for_them(encoder: Path) -> None:
    heads.load(encoder, Classifier(labels=("same", "other"))).save_pretrained("theirs")
    checked("mine.yaml")


@pytest.mark.parametrize("labels", [("other", "same"), ("same", "other", "neither")])
def test_one_of_other_labels_or_another_order_is_refused(encoder: Path, labels) -> None:
    heads.load(encoder, Classifier(labels=labels)).save_pretrained("theirs")
    with pytest.raises(
        StudyError,
        match=rf'evaluate.tiny.* "theirs" is a classifier of the labels {", ".join(labels)}, and'
        " this asks a classifier of the labels same, other",
    ):
        checked("mine.yaml")


def test_one_that_numbers_no_labels_is_refused(encoder: Path) -> None:
    heads.load(encoder, Classifier(labels=("same", "other"))).save_pretrained("theirs")
    config = Path("theirs/config.json")
    content = json.loads(config.read_text())
    config.write_text(json.dumps(content | {"id2label": {"same": 0}}))
    with pytest.raises(StudyError, match=r'"theirs" cannot be asked for labels: .*`id2label`'):
        checked("mine.yaml")


def test_an_adapter_does_not_say_which_label_is_which(encoder: Path) -> None:
    from peft import LoraConfig, get_peft_model

    head = Classifier(labels=("same", "other"))
    model = heads.load(encoder, head)
    settings = heads.adapter_settings(model, head)
    adapter = LoraConfig(r=2, target_modules="all-linear", **settings)
    get_peft_model(model, adapter).save_pretrained("theirs")
    with pytest.raises(StudyError, match="an adapter does not say which of its outputs is which"):
        checked("mine.yaml")


@pytest.mark.parametrize("label", ["Base", "full"])
def test_no_version_is_called_like_a_method(models: Path, label: str, tmp_path: Path) -> None:
    local = f"{{{label}: {{source: local, path: {models / 'adapter'}}}}}"
    found = mistakes_of(models, local, tmp_path)
    assert f'versions.{label}: "{label}" is the name of a method' in found


def test_offline_what_was_not_fetched_is_refused(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    hub = f"{{theirs: {{source: hub, repository: some/lora, revision: {REVISION}}}}}"
    found = mistakes_of(models, hub, tmp_path)
    assert f'"some/lora" at revision {REVISION} is not in the local cache' in found
