"""Models that look ahead are refused; texts of a batch are read as each alone."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from rankscope.errors import ModelError
from rankscope.weights.causality import keeps_rows_apart, refuse_foresight
from tiny_families import ATTENTION, RECURRENT, random_family

TEXTS = [list(range(10, 33)), list(range(100, 109)), [7, 3]]


@pytest.mark.parametrize("kind", [*ATTENTION, *RECURRENT])
def test_causal_families_are_taken_and_read_in_batches(kind):
    model = random_family(kind)
    refuse_foresight(model)
    assert keeps_rows_apart(model, TEXTS)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_an_encoder_is_refused_with_the_way_out(kind):
    with pytest.raises(ModelError, match=r"looks at the tokens that it is to predict.*is_decoder"):
        refuse_foresight(random_family(kind, is_decoder=False))


def test_a_model_whose_rows_meet_reads_one_at_a_time(caplog):
    model = random_family("llama")
    norm = model.model.norm.forward
    model.model.norm.forward = lambda states: norm(states) + states.mean(dim=0)
    assert not keeps_rows_apart(model, TEXTS)
    assert "reads one text at a time" in caplog.text


def test_trying_leaves_the_model_as_it_was():
    model = AutoModelForCausalLM.from_config(
        AutoConfig.for_model("gpt2", n_embd=32, n_layer=2, n_head=4, vocab_size=64)
    ).train()
    state = torch.get_rng_state()
    refuse_foresight(model)
    assert model.training and torch.equal(torch.get_rng_state(), state)
