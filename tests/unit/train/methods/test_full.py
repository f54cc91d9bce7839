"""Full fine-tuning trains every weight, embeddings included."""

from pathlib import Path

from rankscope.records.heads import CausalLM
from rankscope.records.methods import FullFineTuning
from rankscope.train.model import load_base, parameter_counts, trainable_model
from tiny_llama import save_base


def test_every_weight_is_trained_and_none_is_new(tmp_path: Path) -> None:
    base = save_base(tmp_path)
    model = trainable_model(base, FullFineTuning(), "float32", CausalLM())
    loaded = dict(load_base(base, CausalLM()).named_parameters())
    assert dict(model.named_parameters()).keys() == loaded.keys()
    assert all(weight.requires_grad for weight in model.parameters())
    weights = sum(weight.numel() for weight in loaded.values())
    assert parameter_counts(model) == (weights, weights)
