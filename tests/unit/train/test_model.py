"""What is made of a base and a method: a module for every kind, and what it counts."""

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import get_args

from rankscope.records.heads import CausalLM
from rankscope.records.methods import Lora, Method
from rankscope.train import methods
from rankscope.train.model import parameter_counts, trainable_model
from tiny_llama import save_base


def test_every_kind_of_method_is_a_module_of_its_name() -> None:
    kinds = {record.model_fields["kind"].default for record in get_args(get_args(Method)[0])}
    modules = {module.name for module in pkgutil.iter_modules(methods.__path__)}
    assert kinds == modules
    for kind in kinds:
        assert callable(import_module(f"{methods.__name__}.{kind}").put_on)


def test_an_adapter_counts_in_what_is_trained_and_in_all(tmp_path: Path) -> None:
    model = trainable_model(save_base(tmp_path), Lora(rank=2, alpha=4.0), "float32", CausalLM())
    # per layer: q and o 32 → 32, k and v 32 → 16, gate and up 32 → 48, down 48 → 32
    of_layer = 2 * (2 * (32 + 32) + 2 * (32 + 16) + 3 * (32 + 48))
    trainable, total = parameter_counts(model)
    assert trainable == 2 * of_layer
    frozen = sum(w.numel() for name, w in model.named_parameters() if "lora_" not in name)
    assert total == frozen + trainable
