"""A published adapter or checkpoint: linked if it is one of the base, and refused if it is not."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from rankscope.artefacts.hashes import file_sha256
from rankscope.base.published import make_version
from rankscope.errors import ArtefactError, ModelError
from rankscope.records.bases import LocalBase
from rankscope.records.measurements import HubVersion, LocalVersion, Published
from rankscope.studies.found import look


def lora(rows=16, columns=16):
    module = "model.layers.0.self_attn.q_proj"
    rng = np.random.default_rng(1)
    return {
        f"{module}.lora_A.weight": rng.standard_normal((4, columns)).astype(np.float32),
        f"{module}.lora_B.weight": rng.standard_normal((rows, 4)).astype(np.float32),
    }


def published(base: Path, where: Path) -> Published:
    version = LocalVersion(source="local", path=str(where))
    return Published(
        base=LocalBase(source="local", path=str(base)),
        label="theirs",
        where=version.replaced(found=look(version)),
    )


def test_of_an_adapter_its_two_files_are_linked_and_noted(
    write_model, write_adapter, llama, tmp_path
):
    base, adapter = write_model(llama), write_adapter(lora())
    (adapter / "optimizer.json").write_text("{}")
    output = tmp_path / "made" / "weights"
    make_version(published(base, adapter), base, output)
    names = ["adapter_config.json", "adapter_model.safetensors"]
    assert sorted(path.name for path in output.iterdir()) == names
    said = json.loads((tmp_path / "made" / "run.json").read_text())
    weights = file_sha256(adapter / "adapter_model.safetensors")
    assert said["inputs"]["adapter_model.safetensors"] == weights
    assert said["outputs"]["weights/adapter_model.safetensors"] == weights


def test_a_checkpoint_needs_no_tokenizer(write_model, llama, tmp_path):
    base = write_model(llama)
    tuned = write_model({key: value + 0.1 for key, value in llama.items()}, name="tuned")
    output = tmp_path / "made" / "weights"
    make_version(published(base, tuned), base, output)
    linked = sorted(path.name for path in output.iterdir())
    assert linked == ["config.json", "model.safetensors"]


def test_what_is_not_of_the_base_leaves_nothing(write_model, write_adapter, llama, tmp_path):
    base, adapter = write_model(llama), write_adapter(lora(columns=24))
    with pytest.raises(ModelError, match="but the base weight is 16 × 16"):
        make_version(published(base, adapter), base, tmp_path / "made" / "weights")
    assert not (tmp_path / "made" / "run.json").exists()


def test_pickles_are_refused(write_model, write_adapter, llama, tmp_path):
    base, adapter = write_model(llama), write_adapter(lora())
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(ModelError, match="only pickled weights"):
        make_version(published(base, adapter), base, tmp_path / "made" / "weights")


def test_files_that_changed_since_the_study_was_read_are_refused(
    write_model, write_adapter, llama, tmp_path
):
    base, adapter = write_model(llama), write_adapter(lora())
    asked = published(base, adapter)
    save_file(
        {f"base_model.model.{key}": 2 * value for key, value in lora().items()},
        adapter / "adapter_model.safetensors",
    )
    with pytest.raises(ArtefactError, match="is not what lay there when the study was read"):
        make_version(asked, base, tmp_path / "made" / "weights")


def test_of_the_hub_the_revision_is_taken_from_the_cache(
    write_model, write_adapter, llama, tmp_path, monkeypatch
):
    base = write_model(llama)
    revision = "0123456789abcdef0123456789abcdef01234567"
    adapter = write_adapter(lora())
    snapshot = tmp_path / "hub" / "models--some--lora" / "snapshots" / revision
    snapshot.parent.mkdir(parents=True)
    adapter.rename(snapshot)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    asked = Published(
        base=LocalBase(source="local", path=str(base)),
        label="theirs",
        where=HubVersion(source="hub", repository="some/lora", revision=revision),
    )
    make_version(asked, base, tmp_path / "made" / "weights")
    linked = tmp_path / "made" / "weights" / "adapter_model.safetensors"
    assert linked.resolve() == (snapshot / "adapter_model.safetensors").resolve()
