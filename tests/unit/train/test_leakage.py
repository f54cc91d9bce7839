"""Families of models that keep packed examples apart are taken, the others refused by name."""

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from rankscope.errors import ModelError
from rankscope.train.feeds.examples import Collator, Example
from rankscope.train.leakage import refuse_leaks

LLAMA = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4}
KEEP_APART = {
    "llama": LLAMA,
    "mistral": LLAMA | {"num_key_value_heads": 2, "sliding_window": 8},
    "qwen2": LLAMA | {"num_key_value_heads": 2},
    "gemma2": LLAMA | {"num_key_value_heads": 2, "head_dim": 8, "sliding_window": 8},
    "phi": LLAMA,
    "gpt2": GPT,
    "gptj": GPT | {"rotary_dim": 4},
    "gpt_neox": LLAMA,
}
LEAK = {
    "opt": {
        "hidden_size": 32,
        "ffn_dim": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "word_embed_proj_dim": 32,
    },
    "falcon": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4},
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4},
    "mpt": {"d_model": 32, "n_layers": 2, "n_heads": 4},
}


def random_model(family: str, **changes: object) -> PreTrainedModel:
    """A model of the family with two layers, initialised as the family does it."""
    torch.manual_seed(0)
    size = (KEEP_APART | LEAK)[family] | changes
    config = AutoConfig.for_model(family, vocab_size=320, bos_token_id=0, eos_token_id=1, **size)
    config.use_cache = False
    return AutoModelForCausalLM.from_config(config).eval()


def furthest_from_alone(model: PreTrainedModel, packing: str) -> float:
    """Largest difference between an example's logits in its batch and alone."""
    draw = np.random.default_rng(0)
    listed = [Example(draw.integers(2, 320, n).tolist(), 1) for n in (20, 12, 8, 15, 5)]
    batch = Collator(packing)(listed)
    with torch.no_grad():
        together = model(**{name: batch[name] for name in batch if name != "labels"}).logits
    found = 0.0
    for example in listed:
        ids = torch.tensor(example.input_ids)
        row, start = next(
            (row, start)
            for row, tokens in enumerate(batch["input_ids"])
            for start in range(len(tokens) - len(ids) + 1)
            if torch.equal(tokens[start : start + len(ids)], ids)
        )
        with torch.no_grad():
            alone = model(input_ids=ids[None]).logits[0]
        difference = together[row, start : start + len(ids)] - alone
        found = max(found, float(difference.abs().max()))
    return found


@pytest.mark.parametrize("family", KEEP_APART)
def test_a_family_that_keeps_examples_apart_is_taken(family):
    model = random_model(family)
    assert furthest_from_alone(model, "exact") < 1e-5
    refuse_leaks(model, "full-1")


@pytest.mark.parametrize("family", LEAK)
def test_a_family_that_mixes_examples_up_is_refused_with_the_way_out(family):
    model = random_model(family)
    assert furthest_from_alone(model, "exact") > 1e-3
    with pytest.raises(ModelError, match=f"full-1: .*type {family} .*`packing: length-grouped`"):
        refuse_leaks(model, "full-1")
    assert furthest_from_alone(model, "length-grouped") < 1e-5, "the way out is one"


def test_rounding_to_bfloat16_is_no_leak():
    # weights as spread as trained ones: logits of several units
    refuse_leaks(random_model("llama", initializer_range=0.3).bfloat16(), "lora-1")


def test_a_model_that_keeps_a_cache_is_refused():
    """With a cache transformers builds no such mask, in any family."""
    model = random_model("llama")
    model.config.use_cache = True
    with pytest.raises(ModelError, match="row apart"):
        refuse_leaks(model, "lora-1")


def test_trying_draws_no_random_number_and_leaves_the_mode():
    from peft import LoraConfig, get_peft_model

    adapter = LoraConfig(task_type="CAUSAL_LM", r=2, lora_dropout=0.5, target_modules="all-linear")
    model = get_peft_model(random_model("llama"), adapter)
    for training in (True, False):
        model.train(training)
        state = torch.get_rng_state()
        refuse_leaks(model, "lora-1")
        assert torch.equal(torch.get_rng_state(), state)
        assert model.training is training
