"""Where an adapter's modules are in a base, and what is not there."""

from rankscope.weights.adapters.adapters import open_tuned
from rankscope.weights.matrices import open_model


def test_a_tied_head_alone_is_called_the_head(peft_adapter):
    base, adapter, _ = peft_adapter(target_modules=["lm_head"])
    tuned = open_tuned(adapter, open_model(base))
    assert [(m.name, m.module_type) for m in tuned.matrices] == [("lm_head", "lm_head")]
