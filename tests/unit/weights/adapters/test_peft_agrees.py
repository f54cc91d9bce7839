"""Updates of adapters that peft wrote, compared with what peft itself computes."""

import logging

import numpy as np
import pytest
from safetensors.numpy import load_file

from rankscope.errors import ModelError
from rankscope.weights.adapters.adapters import open_tuned
from rankscope.weights.adapters.merging import merge, readable
from rankscope.weights.matrices import open_model
from rankscope.weights.sources import Source
from rankscope.weights.updates import Dense

peft = pytest.importorskip("peft")
Q = "model.layers.1.self_attn.q_proj"


def updates(base, adapter):
    model = open_model(base)
    tuned = open_tuned(adapter, model)
    return {
        matrix.name: tuned.update(matrix, model.read(matrix).astype(np.float64))
        for matrix in tuned.matrices
    }


def assert_as_merged_by_peft(base, found, model):
    before = load_file(base / "model.safetensors")
    after = {name: weight.numpy() for name, weight in model.merge_and_unload().state_dict().items()}
    assert found
    for name, update in found.items():
        expected = after[f"{name}.weight"].astype(np.float64) - before[f"{name}.weight"]
        np.testing.assert_allclose(update.dense(), expected, atol=2e-6)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"use_rslora": True, "alpha_pattern": {r"layers\.1\.self_attn\.q_proj": 9}},
        {"rank_pattern": {"down_proj": 5}, "target_modules": ["down_proj", "q_proj"]},
        {"use_dora": True, "target_modules": ["q_proj", "up_proj", "down_proj"]},
        {"target_modules": ["embed_tokens"]},
        {"use_dora": True, "target_modules": ["embed_tokens"]},
        {"init_lora_weights": "pissa"},
        {"init_lora_weights": "pissa", "use_rslora": True, "target_modules": ["down_proj"]},
        {"init_lora_weights": "pissa", "r": 16, "target_modules": ["q_proj", "up_proj"]},
        {"init_lora_weights": "pissa", "use_dora": True, "target_modules": ["up_proj"]},
        {"init_lora_weights": "olora"},
        {"init_lora_weights": "olora", "use_rslora": True, "target_modules": ["up_proj"]},
        {
            "init_lora_weights": "olora",
            "rank_pattern": {"down_proj": 7},
            "target_modules": ["down_proj", "q_proj"],
        },
    ],
)
def test_update_is_that_of_the_merge(peft_adapter, config):
    base, adapter, model = peft_adapter(**config)
    assert_as_merged_by_peft(base, updates(base, adapter), model)


@pytest.mark.parametrize("tying", [False, True])
def test_embeddings_and_the_head_that_shares_their_tensor_have_an_update_each(peft_adapter, tying):
    """Merged by peft, the one tensor gets both; in its forward pass each module has its own."""
    base, adapter, model = peft_adapter(
        target_modules=["embed_tokens", "lm_head"], ensure_weight_tying=tying
    )
    found = updates(base, adapter)
    assert set(found) == {"model.embed_tokens", "lm_head"}
    for name, update in found.items():
        module = model.base_model.model.get_submodule(name)
        expected = module.get_delta_weight("default").detach().numpy()
        np.testing.assert_allclose(update.dense(), expected, atol=1e-6)


def test_weights_trained_whole_are_dense_updates(peft_adapter):
    base, adapter, model = peft_adapter(modules_to_save=["down_proj"])
    found = updates(base, adapter)
    dense = {name for name, update in found.items() if isinstance(update, Dense)}
    assert dense == {f"model.layers.{layer}.mlp.down_proj" for layer in (0, 1)}
    assert len(found) == 4
    assert_as_merged_by_peft(base, found, model)


def test_transposed_and_fused_weights_trained_whole(tmp_path):
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = {"vocab_size": 30, "n_positions": 8, "n_embd": 8, "n_layer": 1, "n_head": 2}
    base = GPT2LMHeadModel(GPT2Config(bos_token_id=0, eos_token_id=0, **sizes))
    base.save_pretrained(tmp_path / "base")
    before = base.transformer.h[0].attn.c_attn.weight.detach().clone()
    config = peft.LoraConfig(target_modules=["c_fc"], modules_to_save=["c_attn"], use_dora=True)
    model = peft.get_peft_model(base, config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.3 * torch.randn_like(parameter))
    model.save_pretrained(tmp_path / "adapter")
    found = updates(tmp_path / "base", tmp_path / "adapter")
    merged = model.merge_and_unload().transformer.h[0]
    parts = [found[f"transformer.h.0.attn.c_attn[{part}]"].dense() for part in "qkv"]
    expected = (merged.attn.c_attn.weight - before).detach().numpy().T
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-6)
    assert "transformer.h.0.mlp.c_fc" in found


@pytest.mark.parametrize(
    ("config", "left_out"),
    [
        ({"bias": "lora_only"}, "q_proj.base_layer.bias"),
        ({"lora_bias": True}, "q_proj.lora_B.bias"),
        ({"trainable_token_indices": [1, 5]}, "trainable_tokens_delta"),
        ({"modules_to_save": ["input_layernorm"]}, "input_layernorm.weight"),
        ({"modules_to_save": ["lm_head"]}, "lm_head.weight"),
    ],
)
def test_what_is_left_out_is_named(peft_adapter, caplog, config, left_out):
    base, adapter, _ = peft_adapter(**config)
    with caplog.at_level(logging.WARNING):
        found = updates(base, adapter)
    assert len(found) == 2
    assert left_out in caplog.text


def test_nothing_is_said_to_be_left_out_of_a_plain_adapter(peft_adapter, caplog):
    base, adapter, _ = peft_adapter(target_modules=["q_proj", "embed_tokens"])
    with caplog.at_level(logging.WARNING):
        updates(base, adapter)
    assert "left out" not in caplog.text


def test_block_diagonal_factors_are_merged_by_peft(peft_adapter):
    config = peft.BdLoraConfig(target_modules_bd_b=["q_proj"], nblocks=2)
    base, adapter, model = peft_adapter(r=4, use_bdlora=config)
    with readable([Source("adapter", adapter)], base) as (prepared,):
        found = updates(base, prepared.folder)
    assert_as_merged_by_peft(base, found, model)
    assert np.abs(found[Q].dense()).max() > 0.01


@pytest.mark.parametrize("error", [TypeError, ImportError, AssertionError])
def test_what_peft_does_not_know_is_a_message(peft_adapter, tmp_path, monkeypatch, error):
    base, adapter, _ = peft_adapter()

    def fail(*_, **__):
        raise error("no such variant")

    monkeypatch.setattr(peft.PeftModel, "from_pretrained", fail)
    with pytest.raises(ModelError, match=r"cannot merge this IA3 adapter.*no such variant"):
        merge(adapter, {"peft_type": "IA3"}, base, tmp_path / "merged")
