"""What peft and transformers make of repaired adapters and models: λ = 1 changes nothing."""

import logging

import pytest

from rankscope.audit.repair import Intervention
from rankscope.audit.repaired_files import repair_adapter, repair_merged
from rankscope.errors import ModelError

peft, torch = pytest.importorskip("peft"), pytest.importorskip("torch")

IDENTITY = Intervention(1.0, epsilon=0.9, every=True)
PARTS = [
    ({"bias": "lora_only"}, "q_proj.base_layer.bias"),
    ({"bias": "all"}, "k_proj.bias"),
    ({"lora_bias": True}, "q_proj.lora_B.bias"),
    ({"trainable_token_indices": [1, 5]}, "trainable_tokens_delta"),
    ({"modules_to_save": ["lm_head"]}, "lm_head.weight"),
    ({"target_modules": ["embed_tokens", "lm_head"]}, "lm_head"),
    ({"target_modules": ["embed_tokens", "lm_head"], "ensure_weight_tying": True}, "lm_head"),
    ({"target_modules": ["embed_tokens", "q_proj"]}, "embed_tokens"),
]


def logits(model):
    with torch.no_grad():
        return model.eval()(torch.arange(1, 30).reshape(1, -1)).logits


def load(folder):
    from transformers import LlamaForCausalLM

    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)


@pytest.mark.parametrize(("config", "_"), PARTS)
def test_repaired_adapter_keeps_all_that_was_trained(peft_adapter, tmp_path, config, _):
    base, adapter, model = peft_adapter(**config)
    repair_adapter(adapter, base, IDENTITY, tmp_path / "out")
    repaired = peft.PeftModel.from_pretrained(load(base), tmp_path / "out")
    torch.testing.assert_close(logits(repaired), logits(model), atol=1e-5, rtol=0)


def test_ranks_of_targeted_parameters_grow_under_their_own_names(peft_adapter, tmp_path):
    config = {"target_modules": ["k_proj"], "target_parameters": ["q_proj.weight"]}
    base, adapter, model = peft_adapter(**config, rank_pattern={"q_proj.weight": 3})
    assert repair_adapter(adapter, base, IDENTITY, tmp_path / "out")
    repaired = peft.PeftModel.from_pretrained(load(base), tmp_path / "out")
    torch.testing.assert_close(logits(repaired), logits(model), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("config", "named"), PARTS)
def test_what_a_merged_model_would_lose_is_refused(peft_adapter, tmp_path, config, named):
    base, adapter, _ = peft_adapter(**config)
    with pytest.raises(ModelError, match=named):
        repair_merged(adapter, base, IDENTITY, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "config", [{}, {"use_dora": True}, {"modules_to_save": ["down_proj"], "use_rslora": True}]
)
def test_merged_model_is_the_adapter(peft_adapter, tmp_path, config):
    base, adapter, model = peft_adapter(**config)
    repair_merged(adapter, base, IDENTITY, tmp_path / "out")
    torch.testing.assert_close(logits(load(tmp_path / "out")), logits(model), atol=1e-5, rtol=0)


def test_an_update_of_some_tokens_only_is_not_merged(peft_adapter, tmp_path):
    base, adapter, _ = peft_adapter(alora_invocation_tokens=[3, 4], task_type="CAUSAL_LM")
    with pytest.raises(ModelError, match="invocation tokens"):
        repair_merged(adapter, base, IDENTITY, tmp_path / "out")


def test_intruders_that_stay_are_named(peft_adapter, tmp_path, caplog):
    config = {"target_modules": ["embed_tokens", "q_proj"], "modules_to_save": ["down_proj"]}
    base, adapter, _ = peft_adapter(**config)
    with caplog.at_level(logging.WARNING):
        scaled = repair_adapter(adapter, base, IDENTITY, tmp_path / "out")
    assert {direction.matrix.rsplit(".", 1)[-1] for direction in scaled} == {"q_proj"}
    assert "model.layers.1.mlp.down_proj" in caplog.text
    assert "model.embed_tokens" in caplog.text


@pytest.mark.parametrize(
    "config",
    [
        {"init_lora_weights": "orthogonal", "r": 4},
        {"init_lora_weights": "pissa"},
        {"init_lora_weights": "pissa", "use_rslora": True, "target_modules": ["q_proj", "up_proj"]},
        {"init_lora_weights": "olora", "rank_pattern": {"up_proj": 5},
         "target_modules": ["up_proj", "q_proj"]},
        {"init_lora_weights": "gaussian"},
    ],
)  # fmt: skip
def test_a_repaired_adapter_needs_no_start(peft_adapter, tmp_path, config):
    """Its factors have another rank, and are all of its update."""
    base, adapter, model = peft_adapter(**config)
    scaled = repair_adapter(adapter, base, IDENTITY, tmp_path / "out")
    assert scaled
    repaired = peft.PeftModel.from_pretrained(load(base), tmp_path / "out")
    torch.testing.assert_close(logits(repaired), logits(model), atol=1e-4, rtol=0)


def test_what_peft_does_not_load_is_not_written(peft_adapter, tmp_path, monkeypatch):
    base, adapter, _ = peft_adapter()

    def fail(*_, **__):
        raise ValueError("an odd rank")

    monkeypatch.setattr(peft.PeftModel, "from_pretrained", fail)
    with pytest.raises(ModelError, match=r"peft does not load what was to be written: .*odd rank"):
        repair_adapter(adapter, base, IDENTITY, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_peft_what_was_not_tried_is_said(peft_adapter, tmp_path, monkeypatch, caplog):
    base, adapter, _ = peft_adapter()
    monkeypatch.setattr("rankscope.audit.repaired_files.is_installed", lambda: False)
    repair_adapter(adapter, base, IDENTITY, tmp_path / "out")
    assert "could not be tried" in caplog.text


def test_factors_multiplied_by_nothing_take_nothing_up(peft_adapter, tmp_path):
    base, adapter, _ = peft_adapter(lora_alpha=0)
    with pytest.raises(ModelError, match="lora_alpha is 0"):
        repair_adapter(adapter, base, Intervention(0.5, epsilon=1.0), tmp_path / "out")
