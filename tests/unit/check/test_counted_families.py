"""The plan's parameter counts for many architectures are those of peft on the model itself."""

import warnings
from types import SimpleNamespace

import pytest

from rankscope.check.plan import counts
from rankscope.check.shapes import base_shape
from rankscope.records.bases import LocalBase
from rankscope.records.heads import CausalLM
from rankscope.records.methods import FullFineTuning, Lora

peft = pytest.importorskip("peft")
FAMILIES = pytest.importorskip("adapted_families").FAMILIES
CAUSAL = [name for name, family in FAMILIES.items() if family.task == "CAUSAL_LM"]


@pytest.mark.parametrize("name", CAUSAL)
def test_counts_are_those_of_peft(name, tmp_path):
    from transformers import AutoModelForCausalLM

    FAMILIES[name].make().save_pretrained(tmp_path)
    base = LocalBase(source="local", path=str(tmp_path))
    methods = [FullFineTuning(), Lora(rank=3, alpha=6.0)]
    data = SimpleNamespace(head=CausalLM())
    runs = [SimpleNamespace(method=each, data=data) for each in methods]
    study = SimpleNamespace(base=base, runs=runs)
    planned = counts(study, base_shape(base))
    model = AutoModelForCausalLM.from_pretrained(tmp_path)
    every = sum(weight.numel() for weight in model.parameters())
    assert planned[methods[0], study.runs[0].data.head] == (every, every)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = peft.LoraConfig(r=3, target_modules="all-linear", task_type="CAUSAL_LM")
        adapted = peft.get_peft_model(model, config)
    assert planned[methods[1], study.runs[0].data.head] == adapted.get_nb_trainable_parameters()
