"""What is accepted as a model folder, and what the refusals say."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file

from rankscope.artefacts.hashes import file_sha256
from rankscope.artefacts.reading import verified
from rankscope.errors import ArtefactError, ModelError
from rankscope.records.bases import HubBase, LocalBase
from rankscope.weights.model_folder import fetch_hub, link_local, verify
from sealing import seal


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "model"
    root.mkdir()
    (root / "config.json").write_text('{"model_type": "llama"}')
    (root / "tokenizer.json").write_text("{}")
    save_file({"w": torch.zeros(3, 2)}, root / "model.safetensors")
    return root


def test_a_complete_folder_is_accepted(folder):
    assert verify(folder) == [folder / "model.safetensors"]


def test_shards_are_those_of_the_index(folder):
    (folder / "model.safetensors").unlink()
    for name in ("a.safetensors", "b.safetensors", "unrelated.safetensors"):
        save_file({name: torch.zeros(2)}, folder / name)
    index = {"weight_map": {"x": "b.safetensors", "y": "a.safetensors", "z": "b.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert [path.name for path in verify(folder)] == ["a.safetensors", "b.safetensors"]
    (folder / "b.safetensors").unlink()
    with pytest.raises(ModelError, match=r"named by the index are missing: b\.safetensors"):
        verify(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", None, r"config\.json: this file cannot be read: No such file"),
        ("config.json", b"{", r"config\.json: this JSON cannot be read"),
        ("config.json", b"[]", r"config\.json: this JSON is a list, and an object"),
        ("config.json", b"{}", r"config\.json: no model_type"),
        ("tokenizer.json", None, r"there is no tokenizer; one of tokenizer\.json"),
        ("model.safetensors", None, r"there are no weights \(model\.safetensors"),
        ("model.safetensors", b"", r"not a safetensors file"),
        ("model.safetensors", b"PK\x03\x04 a pickle in disguise", r"not a safetensors file"),
        ("model.safetensors", b"\x02\0\0\0\0\0\0\0{}", "its header names no tensors"),
    ],
)
def test_what_is_missing_or_malformed_is_named(folder, name, content, message):
    (folder / name).unlink() if content is None else (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        verify(folder)


def test_pickles_are_refused_with_the_way_out(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(
        ModelError, match=r"weights are pickles, which can run code.*save_pretrained"
    ):
        verify(folder)


def test_a_file_that_was_cut_off_is_refused(folder):
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    verify(folder)
    path.write_bytes(whole[:-1])
    with pytest.raises(
        ModelError, match=f"truncated: {len(whole) - 1:,} bytes on disk, {len(whole):,} needed"
    ):
        verify(folder)


def test_a_missing_folder_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=rf"no such model folder \(from {tmp_path}\)"):
        link_local(LocalBase(source="local", path="nowhere"), tmp_path / "out")


def test_files_are_linked_and_hashed(folder, tmp_path):
    (folder / "modeling.py").write_text("raise SystemExit('code of others')")
    (folder / "optimizer.pt").write_bytes(b"pickle")
    out = tmp_path / "out"
    hashes = link_local(LocalBase(source="local", path=str(folder)), out)
    assert {p.name for p in out.iterdir()} == {
        "config.json",
        "tokenizer.json",
        "model.safetensors",
    }
    assert all(p.is_symlink() and p.resolve() == folder / p.name for p in out.iterdir())
    assert hashes == {
        name: file_sha256(folder / name) for name in ("config.json", "model.safetensors")
    }


def test_a_refused_folder_leaves_nothing(folder, tmp_path):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError):
        link_local(LocalBase(source="local", path=str(folder)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


HUB = HubBase(source="hub", repository="owner/model", revision="a" * 40)


def test_a_pinned_revision_is_asked_for_without_pickles(folder, tmp_path, monkeypatch):
    asked = {}

    def snapshot_download(repository, **options):
        asked.update(options, repository=repository)
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    fetch_hub(HUB, tmp_path / "out")
    assert (asked["repository"], asked["revision"]) == ("owner/model", "a" * 40)
    assert not any(pattern.endswith((".bin", ".pt", ".py")) for pattern in asked["allow_patterns"])
    assert (tmp_path / "out/model.safetensors").is_symlink()


def test_offline_and_not_cached_says_how_to_fetch_it(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"not in the local cache.*hf download owner/model"):
        fetch_hub(HUB, tmp_path / "out")


def test_an_unknown_repository_is_named(tmp_path, monkeypatch):
    from huggingface_hub.errors import RepositoryNotFoundError

    def snapshot_download(*_, **__):
        response = SimpleNamespace(headers={}, request=None, status_code=404)
        raise RepositoryNotFoundError("404: no such repository", response=response)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(ModelError, match=r"owner/model at revision a+: the hub refuses it: 404"):
        fetch_hub(HUB, tmp_path / "out")


def test_links_within_a_project_move_with_it(folder, tmp_path, monkeypatch):
    project = tmp_path / "project"
    project.mkdir()
    folder.rename(project / "mine")
    outside = tmp_path / "elsewhere"
    shutil.copytree(project / "mine", outside)
    monkeypatch.chdir(project)
    for path, output in (("mine", "inside"), (str(outside), "outside")):
        target = Path(f"results/base/{output}/model")
        link_local(LocalBase(source="local", path=path), target)
        assert (target / "config.json").is_symlink()
    monkeypatch.chdir(tmp_path)
    project.rename(tmp_path / "moved")
    for output in ("inside", "outside"):
        moved = tmp_path / f"moved/results/base/{output}/model/model.safetensors"
        assert moved.read_bytes() == (outside / "model.safetensors").read_bytes()


def test_a_link_whose_target_is_gone_is_named(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = Path("results/base/b-1a2b3c4d/model")
    link_local(LocalBase(source="local", path=str(folder)), model)
    seal()
    verified(model)
    folder.rename(tmp_path / "moved")
    with pytest.raises(
        ArtefactError, match=r"b-1a2b3c4d/model/\S+: the file it links to, .*model/\S+, is not"
    ):
        verified(model)
