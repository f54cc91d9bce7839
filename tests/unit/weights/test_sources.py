"""Where an inspected model lies: folders, pinned hub repositories, labels."""

from pathlib import Path

import pytest

from rankscope.errors import ModelError
from rankscope.weights.sources import label_sources, locate


def test_hub_ids_need_a_revision_and_are_fetched_at_it(tmp_path, monkeypatch):
    with pytest.raises(ModelError, match="pin its revision"):
        locate("someone/adapter")
    asked = {}

    def fetch(repository, revision, **_):
        asked.update(repository=repository, revision=revision)
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    first, second = label_sources(["someone/adapter@step-100", "someone/adapter@step-200"])
    assert asked == {"repository": "someone/adapter", "revision": "step-200"}
    assert [first.label, second.label] == ["someone/adapter@step-100", "someone/adapter@step-200"]
    for repository, revision in (("gpt2", "main"), ("a/b", "step=10"), ("a/b", "refs/pr/1")):
        locate(f"{repository}@{revision}")
        assert asked == {"repository": repository, "revision": revision}
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b@step=10").mkdir()
    monkeypatch.chdir(tmp_path)
    assert locate("a/b@step=10") == Path("a/b@step=10")
    with pytest.raises(ModelError, match="no such folder"):
        locate("./missing@main")


def test_labels_are_the_shortest_own_end_of_a_path(tmp_path):
    folders = [tmp_path / "a" / "step-1", tmp_path / "b" / "step-1", tmp_path / "b" / "step-2"]
    for folder in folders:
        folder.mkdir(parents=True)
    labels = [source.label for source in label_sources([str(folder) for folder in folders])]
    assert labels == ["a/step-1", "b/step-1", "step-2"]
    labels = [source.label for source in label_sources([str(folder) for folder in folders[:2]])]
    assert labels == ["a", "b"]
    assert label_sources([str(folders[0])])[0].label == "step-1"
    with pytest.raises(ModelError, match="given twice"):
        label_sources([str(folders[0]), str(folders[0])])


def test_an_unreachable_hub_is_a_message(monkeypatch):
    def fetch(*_, **__):
        raise OSError("offline")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
    with pytest.raises(ModelError, match="cannot be fetched"):
        locate("someone/adapter@main")
