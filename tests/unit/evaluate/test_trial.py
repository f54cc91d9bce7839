"""Every family answers as it does to each prompt alone, read anew for every token."""

from types import SimpleNamespace

import pytest
import torch

from rankscope.evaluate.decoding import USUAL, WAYS
from rankscope.evaluate.generation import generate
from rankscope.evaluate.trial import way_to_decode
from tiny_families import ATTENTION, RECURRENT, random_family

PROMPTS = [
    list(range(10, 33)),
    list(range(100, 109)),
    list(range(50, 55)),
    [7, 3, 9, 4, 200],
    list(range(50, 59)),
]
NEW = 10
WORDS = SimpleNamespace(
    eos_token_id=1, decode=lambda tokens, **_: " ".join(str(token) for token in tokens)
)


def by_hand(model, prompt):
    """Greedy decoding without cache, batch or mask."""
    new: list[int] = []
    while len(new) < NEW and 1 not in new:
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([[*prompt, *new]]), use_cache=False).logits
        new.append(int(logits[0, -1].argmax()))
    return " ".join(map(str, new))


@pytest.mark.parametrize("kind", [*ATTENTION, *RECURRENT])
def test_every_family_answers_as_it_does_alone(kind):
    model = random_family(kind)
    expected = [by_hand(model, prompt) for prompt in PROMPTS]
    assert len(set(" ".join(expected).split())) > len(PROMPTS), "answers that say something"
    assert [answer.text for answer in generate(model, WORDS, PROMPTS, NEW)] == expected


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gemma3_text", "mixtral"])
def test_the_fast_way_is_kept_where_it_is_right(kind):
    assert way_to_decode(random_family(kind), PROMPTS) == USUAL


@pytest.mark.parametrize("kind", ["mamba", "falcon_mamba", "rwkv", "minimax", "recurrent_gemma"])
def test_where_the_fast_way_is_wrong_another_is_taken(kind, caplog):
    model = random_family(kind)
    way = way_to_decode(model, PROMPTS)
    assert way in WAYS[1:]
    assert f"a model of type {kind} answers {way.description}" in caplog.text


@pytest.mark.parametrize("kind", ["mamba", "falcon_mamba"])
def test_the_fast_way_is_wrong_there_without_a_word(kind):
    """What the trial is for: it would not raise."""
    model = random_family(kind)
    expected = [by_hand(model, prompt) for prompt in PROMPTS]
    assert [each.text for each in generate(model, WORDS, PROMPTS, NEW, way=USUAL)] != expected


def test_a_cache_that_is_wrong_only_for_long_prompts_is_found():
    """The prompts of the job are tried, not some short ones."""
    model = random_family("llama")
    forward = model.forward

    def forgetful(input_ids, past_key_values=None, **options):
        if past_key_values is not None and past_key_values.get_seq_length() > 20:
            past_key_values.layers[0].keys.zero_()
        return forward(input_ids=input_ids, past_key_values=past_key_values, **options)

    forgetful.__signature__ = __import__("inspect").signature(forward)
    model.forward = forgetful
    assert way_to_decode(model, PROMPTS) != USUAL
    assert way_to_decode(model, PROMPTS[1:]) == USUAL


def test_a_model_whose_logits_are_no_numbers_costs_no_search(caplog):
    model = random_family("llama")
    torch.nn.init.constant_(model.lm_head.weight, float("nan"))
    assert way_to_decode(model, PROMPTS) == USUAL
    assert not caplog.text


def test_trying_draws_no_random_number():
    model = random_family("gpt2")
    state = torch.get_rng_state()
    way_to_decode(model, [[5], [6]], steps=1)
    assert torch.equal(torch.get_rng_state(), state)
