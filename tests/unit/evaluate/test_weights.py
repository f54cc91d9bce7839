import json
import shutil

import pytest
import torch

from rankscope.errors import ModelError
from rankscope.evaluate.weights import load_step, load_tokenizer
from tiny_llama import save_adapter, save_full

IDS = torch.arange(2, 42).view(2, 20)


def logits(model):
    with torch.no_grad():
        return model(IDS).logits


def test_a_zero_adapter_is_the_base_to_the_bit(base, tmp_path):
    zero = save_adapter(base, tmp_path, seed=3, scale=0)
    assert torch.equal(logits(load_step(base, zero)), logits(load_step(base, None)))


def test_an_adapter_changes_the_model_as_peft_does_and_leaves_the_base_alone(base, adapter):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    before = logits(load_step(base, None))
    merged = logits(load_step(base, adapter))
    unmerged = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter)
    assert (merged - before).abs().max() > 0.1
    torch.testing.assert_close(merged, logits(unmerged.eval()), atol=1e-4, rtol=1e-4)
    assert torch.equal(logits(load_step(base, None)), before)


def test_a_full_checkpoint_is_read_as_it_is(base, tmp_path):
    folder = save_full(base, tmp_path, seed=5)
    model = load_step(base, folder)
    assert (logits(model) - logits(load_step(base, None))).abs().max() > 1e-3
    assert model.dtype == torch.float32


def test_an_adapter_of_another_base_is_refused(base, adapter, tmp_path):
    other = tmp_path / "adapter"
    shutil.copytree(adapter, other)
    config = json.loads((other / "adapter_config.json").read_text())
    # the stored tensors of the MLP now have no place
    config["target_modules"] = ["q_proj"]
    (other / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="does not fit the base"):
        load_step(base, other)


def test_missing_folders_and_configs_are_named(base, tmp_path):
    with pytest.raises(ModelError, match="No such file"):
        load_step(tmp_path / "nothing", None)
    with pytest.raises(ModelError, match="cannot be read"):
        load_tokenizer(tmp_path / "nothing")


def test_a_tokenizer_without_eos_is_refused(base, tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(base, folder)
    path = folder / "tokenizer_config.json"
    config = {k: v for k, v in json.loads(path.read_text()).items() if "os_token" not in k}
    path.write_text(json.dumps(config))
    with pytest.raises(ModelError, match="no end-of-text token"):
        load_tokenizer(folder)
