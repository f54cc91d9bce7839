"""Which class an adapter was trained on, the labels of its head, and what peft makes of it."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from rankscope.errors import ModelError
from rankscope.weights.adapters.peft_models import base_config, check_loads, class_of, is_installed
from rankscope.weights.matrices import open_model
from rankscope.weights.tensor_files import list_tensors

peft = pytest.importorskip("peft")
LLAMA = {"architectures": ["LlamaForCausalLM"]}


@pytest.mark.parametrize(
    ("adapter", "base", "name"),
    [
        ({"auto_mapping": {"base_model_class": "BertModel"}}, LLAMA, "BertModel"),
        ({"auto_mapping": {"base_model_class": "NoSuchClass"}}, LLAMA, "LlamaForCausalLM"),
        ({"auto_mapping": "text", "task_type": "SEQ_CLS"}, LLAMA,
         "AutoModelForSequenceClassification"),
        ({"task_type": "CAUSAL_LM"}, {}, "AutoModelForCausalLM"),
        ({"task_type": None}, LLAMA, "LlamaForCausalLM"),
        ({}, {}, "AutoModel"),
        ({}, {"architectures": []}, "AutoModel"),
    ],
)  # fmt: skip
def test_the_class_is_the_one_named_or_that_of_the_task(adapter, base, name):
    assert class_of(adapter, base) == name


@pytest.mark.parametrize(
    ("head", "labels"),
    [("classifier.out_proj", 5), ("score", 2), ("qa_outputs", 2), ("classifier", 1)],
)
def test_a_head_has_as_many_labels_as_the_adapter_s_own(write_adapter, head, labels):
    folder = write_adapter({f"{head}.weight": np.zeros((labels, 8))})
    config = base_config(
        {"hidden_size": 8, "label2id": {"a": 0}, "quantization_config": {"bits": 4}},
        list_tensors(folder, "adapter_model"),
    )
    assert config["num_labels"] == labels
    assert len(config["id2label"]) == labels
    assert "label2id" not in config
    assert "quantization_config" not in config


def test_without_a_head_of_its_own_the_base_keeps_its_labels(write_adapter):
    folder = write_adapter({"q_proj.lora_A.weight": np.zeros((2, 8))})
    assert base_config({"num_labels": 7}, list_tensors(folder, "adapter_model")) == {
        "num_labels": 7
    }


def test_an_adapter_that_peft_wrote_loads_and_half_of_it_does_not(peft_adapter, tmp_path):
    base, adapter, _ = peft_adapter(target_modules=["q_proj"], task_type="CAUSAL_LM")
    model = open_model(base)
    check_loads(adapter, model, adapter)
    tensors = load_file(adapter / "adapter_model.safetensors")
    kept = {name: tensor for name, tensor in tensors.items() if "layers.1" not in name}
    save_file(kept, adapter / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="its tensors are missing") as caught:
        check_loads(adapter, model, tmp_path / "named")
    assert str(caught.value).startswith(f"{tmp_path / 'named'}: ")


def test_a_base_that_cannot_be_built_is_named_and_not_the_temporary_one(peft_adapter):
    base, adapter, _ = peft_adapter(task_type="CAUSAL_LM")
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"num_attention_heads": "two"}))
    with pytest.raises(ModelError) as caught:
        check_loads(adapter, open_model(base), adapter)
    assert str(base) in str(caught.value)
    assert "rankscope-base-" not in str(caught.value)


def test_peft_is_asked_only_where_it_is(monkeypatch):
    assert is_installed()
    monkeypatch.setattr(
        "rankscope.weights.adapters.peft_models.find_spec",
        lambda name: None if name == "peft" else name,
    )
    assert not is_installed()
