import json
import shutil

import pytest
import torch

from rankscope.artefacts import layout
from rankscope.errors import ModelError
from rankscope.evaluate.weights import load_tokenizer, load_version
from rankscope.records.heads import CausalLM, Classifier
from rankscope.records.versions import Version
from tiny_llama import save_full


def test_a_missing_tokenizer_is_named(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        load_tokenizer(tmp_path / "nothing")


def test_a_tokenizer_without_eos_is_refused(base, tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(base, folder)
    path = folder / "tokenizer_config.json"
    config = {k: v for k, v in json.loads(path.read_text()).items() if "os_token" not in k}
    path.write_text(json.dumps(config))
    with pytest.raises(ModelError, match="no end-of-text token"):
        _ = load_tokenizer(folder).encoder


@pytest.mark.parametrize("kind", ["adapter", "full"])
def test_a_scaled_version_lies_between_the_base_and_the_step(
    kind, base, adapter, tmp_path, monkeypatch
):
    folder = adapter if kind == "adapter" else save_full(base, tmp_path / "full", seed=3)
    monkeypatch.chdir(tmp_path)
    home = tmp_path / layout.base_model("base-1a2b3c4d")
    shutil.copytree(base, home)
    step = Version("run-step-000001", "base-1a2b3c4d", folder, {"method": "m"})
    origin = Version("base-1a2b3c4d", "base-1a2b3c4d", None, {"method": "Base"})

    def weights(version):
        return load_version(version, CausalLM()).state_dict()

    before, after = weights(origin), weights(step)
    scaled = {factor: weights(step.scaled(factor)) for factor in (0.0, 0.5, 2.0)}
    assert any(not torch.equal(before[name], after[name]) for name in before)
    for name, weight in before.items():
        assert torch.equal(scaled[0.0][name], weight)
        for factor in (0.5, 2.0):
            expected = weight.double() + factor * (after[name].double() - weight.double())
            torch.testing.assert_close(scaled[factor][name].double(), expected, rtol=0, atol=1e-6)


def test_an_adapter_of_others_is_not_asked_for_labels(adapter):
    """Also one of the hub, of which a check knows nothing before it is fetched."""
    theirs = Version("theirs-1a2b3c4d", "base-1a2b3c4d", adapter, {}, is_published=True)
    with pytest.raises(ModelError, match="does not say which of its outputs is which label"):
        load_version(theirs, Classifier(labels=("a", "b")))
