import json
import shutil

import pytest
import torch

from rankscope.errors import ModelError
from rankscope.records.heads import CausalLM
from rankscope.weights.steps import load_step
from tiny_llama import save_adapter, save_full

CAUSAL = CausalLM()
IDS = torch.arange(2, 42).view(2, 20)


def logits(model):
    with torch.no_grad():
        return model(IDS).logits


def test_a_zero_adapter_is_the_base_to_the_bit(base, tmp_path):
    zero = save_adapter(base, tmp_path, seed=3, scale=0)
    assert torch.equal(logits(load_step(base, zero, CAUSAL)), logits(load_step(base, None, CAUSAL)))


def test_an_adapter_changes_the_model_as_peft_does_and_leaves_the_base_alone(base, adapter):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    before = logits(load_step(base, None, CAUSAL))
    merged = logits(load_step(base, adapter, CAUSAL))
    unmerged = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter)
    assert (merged - before).abs().max() > 0.1
    torch.testing.assert_close(merged, logits(unmerged.eval()), atol=1e-4, rtol=1e-4)
    assert torch.equal(logits(load_step(base, None, CAUSAL)), before)


def test_a_full_checkpoint_is_read_as_it_is(base, tmp_path):
    folder = save_full(base, tmp_path, seed=5)
    model = load_step(base, folder, CAUSAL)
    assert (logits(model) - logits(load_step(base, None, CAUSAL))).abs().max() > 1e-3
    assert model.dtype == torch.float32


def test_an_adapter_of_another_base_is_refused(base, adapter, tmp_path):
    other = tmp_path / "adapter"
    shutil.copytree(adapter, other)
    config = json.loads((other / "adapter_config.json").read_text())
    # the stored tensors of the MLP now have no place
    config["target_modules"] = ["q_proj"]
    (other / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="does not fit the base"):
        load_step(base, other, CAUSAL)


def test_missing_folders_are_named(base, tmp_path):
    with pytest.raises(ModelError, match="No such file"):
        load_step(tmp_path / "nothing", None, CAUSAL)
