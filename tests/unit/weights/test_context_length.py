"""The context length that a configuration states is the one a model takes."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from rankscope.weights.context_length import BEHIND_PADDING, UNLIMITED, Context, context_length
from tiny_families import ATTENTION, RECURRENT, random_family

LEARNED = {
    "gpt2": {"n_positions": 40},
    "opt": {"max_position_embeddings": 40},
    "roberta": {"max_position_embeddings": 40, "pad_token_id": 1},
    "bert": {"max_position_embeddings": 40},
    "mpt": {"max_seq_len": 40},
}


def reads(model, tokens: int) -> bool:
    try:
        with torch.no_grad():
            model(input_ids=torch.full((1, tokens), 5), use_cache=False)
    except (IndexError, RuntimeError, ValueError):
        return False
    return True


@pytest.mark.parametrize("kind", LEARNED)
def test_a_model_with_learned_positions_takes_that_many_and_no_more(kind):
    model = random_family(kind, **LEARNED[kind])
    tokens = context_length(model.config.to_dict()).tokens
    assert reads(model, tokens)
    assert not reads(model, tokens + 1)


@pytest.mark.parametrize("kind", sorted(BEHIND_PADDING))
def test_positions_that_begin_behind_the_padding_token_are_taken_off(kind):
    config = AutoConfig.for_model(
        kind, vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=20, pad_token_id=3, is_decoder=True,
    )  # fmt: skip
    if kind == "xmod":
        config.default_language = "en_XX"
    model = AutoModelForCausalLM.from_config(config).eval()
    assert context_length(config.to_dict()) == Context(16)
    assert reads(model, 16) and not reads(model, 17)


@pytest.mark.parametrize("kind", sorted(UNLIMITED & (ATTENTION | RECURRENT).keys()))
def test_a_model_without_limit_reads_on(kind):
    model = random_family(kind)
    assert context_length(model.config.to_dict()) == Context(None)
    assert context_length(model.config.to_dict()).least(512) == 512
    assert reads(model, 300)


@pytest.mark.parametrize("kind", MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
def test_every_type_that_transformers_knows_states_a_limit_or_has_none(kind):
    """What the library itself makes of it, under the name that most of its code reads."""
    try:
        config = AutoConfig.for_model(kind)
    except Exception:
        pytest.skip("transformers cannot make a default configuration of this type")
    found = context_length(config.to_dict())
    assert found.known
    stated = getattr(config.get_text_config(decoder=True), "max_position_embeddings", None)
    if stated and stated > 0 and kind not in BEHIND_PADDING:
        assert found.tokens == stated


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"model_type": "gemma3", "text_config": {"max_position_embeddings": 9}}, Context(9)),
        ({"model_type": "gpt2", "n_positions": 7, "n_ctx": 8}, Context(7)),
        ({"model_type": "bloom", "seq_length": 2048}, Context(None)),
        ({"model_type": "llama"}, Context(None, known=False)),
        ({"model_type": "llama", "max_position_embeddings": "many"}, Context(None, known=False)),
        ({"model_type": "llama", "max_position_embeddings": 0}, Context(None, known=False)),
        ({"model_type": "llama", "text_config": 3, "max_position_embeddings": 8}, Context(8)),
        ({}, Context(None, known=False)),
    ],
)  # fmt: skip
def test_where_a_file_states_it(config, found):
    assert context_length(config) == found
