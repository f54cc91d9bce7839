"""Shapes and counts without torch, against transformers and peft on the meta device."""

import json
from pathlib import Path
from typing import Any

import pytest

from rankscope.check.shapes import (
    base_folder,
    base_shape,
    blank_config,
    llama_shape,
    shape_on_disk,
)
from rankscope.errors import ModelError
from rankscope.records.bases import BlankBase, HubBase, LocalBase
from rankscope.records.heads import CausalLM
from rankscope.records.methods import FullFineTuning, Lora

meta_device = pytest.importorskip("rankscope.weights.meta_device")
pytest.importorskip("peft", reason="needs the extra `train`")
# what peft says of fused and tied layers is no matter of counting
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:peft")

# LlamaConfig's defaults are LLaMA-7B
LLAMA_7B: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "vocab_size": 32000,
    "max_position_embeddings": 2048,
}
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
# "Beyond Full Fine-tuning", Table 1: rank -> trainable percentage as printed
TABLE_1 = {
    4: 0.062, 8: 0.124, 16: 0.248, 32: 0.496, 64: 0.986, 128: 1.953, 256: 3.831,
    512: 7.379, 1024: 13.745, 2048: 24.167, 4096: 38.927,
}  # fmt: skip
TINY: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 96,
}
VARIANTS = [
    {},
    {"num_key_value_heads": 2},
    {"tie_word_embeddings": True},
    {"head_dim": 16},
    {"attention_bias": True, "mlp_bias": True},
    {"model_type": "mistral", "num_key_value_heads": 1},
]
METHODS = [
    FullFineTuning(),
    Lora(rank=4, alpha=8.0),
    Lora(rank=4, alpha=8.0, target_modules=ATTENTION),
    Lora(rank=4, alpha=8.0, frozen_a=True),
]


@pytest.mark.parametrize(("rank", "percentage"), TABLE_1.items())
def test_llama_7b_has_the_paper_s_trainable_percentages(rank: int, percentage: float) -> None:
    method = Lora(rank=rank, alpha=2.0 * rank, target_modules=ATTENTION)
    trainable, total = meta_device.parameter_counts(LLAMA_7B, method, CausalLM())
    # the paper rounds twice (0.49549 -> 0.4955 -> 0.496), hence not 5e-4
    assert 100 * trainable / total == pytest.approx(percentage, abs=6e-4)
    assert trainable == 32 * 4 * rank * (4096 + 4096)
    assert llama_shape(LLAMA_7B).counts(method) == (trainable, total)


def test_llama_7b_without_adapter() -> None:
    assert llama_shape(LLAMA_7B).parameters == 6_738_415_616
    assert meta_device.parameter_counts(LLAMA_7B, FullFineTuning(), CausalLM())[1] == 6_738_415_616


@pytest.mark.parametrize("method", METHODS, ids=repr)
@pytest.mark.parametrize("variant", VARIANTS, ids=repr)
def test_shapes_count_as_peft_does(variant: dict[str, Any], method: Any) -> None:
    config = TINY | variant
    assert llama_shape(config).counts(method) == meta_device.parameter_counts(
        config, method, CausalLM()
    )


def test_an_adapter_on_the_head() -> None:
    method = Lora(rank=64, alpha=8.0, target_modules=("down_proj", "lm_head"))
    assert llama_shape(TINY).counts(method) == meta_device.parameter_counts(
        TINY, method, CausalLM()
    )


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_a_blank_base_counts_as_the_model_that_is_trained(method: Any) -> None:
    from rankscope.base.kinds.blank import new_model

    base = BlankBase.model_validate(
        {"source": "blank", "corpus": {"source": "standard-library", "content": "english"},
         "vocabulary_size": 300, "hidden_size": 32, "layers": 2, "heads": 4,
         "intermediate_size": 48, "context_length": 128, "seed": 0}
    )  # fmt: skip
    shape = base_shape(base)
    assert shape is not None
    model = new_model(base)
    assert shape.parameters == model.num_parameters()
    assert shape.counts(method) == meta_device.parameter_counts(
        blank_config(base), method, CausalLM()
    )


GPT2 = {"model_type": "gpt2", "n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 96,
        "n_positions": 64}  # fmt: skip
GPT_NEOX = {"model_type": "gpt_neox", "hidden_size": 32, "num_hidden_layers": 2,
             "num_attention_heads": 4, "intermediate_size": 48, "vocab_size": 96}  # fmt: skip


@pytest.mark.parametrize("config", [TINY, TINY | {"tie_word_embeddings": True}, GPT2, GPT_NEOX])
@pytest.mark.parametrize("method", METHODS[:2], ids=repr)
def test_a_model_on_disk_is_counted_from_its_headers(
    config: dict[str, Any], method: Any, tmp_path: Path
) -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
    model.save_pretrained(tmp_path)
    shape = base_shape(LocalBase(source="local", path=str(tmp_path)))
    assert shape is not None
    assert shape.counts(method) == meta_device.parameter_counts(tmp_path, method, CausalLM())


def test_the_smaller_dimension_bounds_the_rank() -> None:
    shape = llama_shape(TINY | {"num_key_value_heads": 1})
    smallest = min(matrix.smaller_dimension for matrix in shape.matrices)
    assert smallest == 8
    assert shape.module_names == (
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head",
    )  # fmt: skip


def test_target_modules_are_matched_as_suffixes() -> None:
    shape = llama_shape(TINY)
    one = Lora(rank=1, alpha=1.0, target_modules=("layers.1.self_attn.q_proj",))
    assert [matrix.module for matrix in shape.targets(one)] == ["model.layers.1.self_attn.q_proj"]
    assert shape.targets(Lora(rank=1, alpha=1.0, target_modules=("proj",))) == ()
    everything = shape.targets(Lora(rank=1, alpha=1.0))
    assert len(everything) == 14
    assert all("lm_head" not in matrix.module for matrix in everything)


def test_a_model_that_is_not_there_has_no_shape(tmp_path: Path) -> None:
    assert base_shape(LocalBase(source="local", path=str(tmp_path / "none"))) is None
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    assert base_shape(LocalBase(source="local", path=str(tmp_path))) is None
    (tmp_path / "config.json").write_text(json.dumps(TINY), encoding="utf-8")
    assert base_shape(LocalBase(source="local", path=str(tmp_path))) == llama_shape(TINY)
    with pytest.raises(ModelError):
        shape_on_disk(tmp_path, TINY)


def test_a_hub_base_is_found_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    base = HubBase(source="hub", repository="some/model", revision="0" * 40)
    assert base_shape(base) is None
    snapshot = tmp_path / "models--some--model" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text(json.dumps(TINY), encoding="utf-8")
    assert base_folder(base) == snapshot
    assert base_shape(base) == llama_shape(TINY)
