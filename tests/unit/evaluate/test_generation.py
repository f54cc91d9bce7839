import copy
import os
from pathlib import Path

import pytest
import torch

from rankscope.errors import DataError, ModelError
from rankscope.evaluate.generation import _batches, generate
from rankscope.evaluate.likelihood import encode
from rankscope.evaluate.weights import load_tokenizer
from rankscope.records.heads import CausalLM
from rankscope.weights.steps import load_step
from tiny_llama import SENTENCES

PROMPTS = [sentence[:length] for sentence in SENTENCES for length in (1, 5, 9, 20, 30)]


@pytest.fixture
def tiny(base):
    return load_step(base, None, CausalLM()), load_tokenizer(base)


@pytest.fixture(scope="module")
def stories():
    """A trained model of 260 thousand weights."""
    if "RANKSCOPE_DATA" not in os.environ:
        pytest.skip("RANKSCOPE_DATA is unset: the trained test model is not there")
    folder = Path(os.environ["RANKSCOPE_DATA"]) / "models/stories260k"
    return load_step(folder, None, CausalLM()), load_tokenizer(folder)


def by_hand(model, prompt, ends, limit):
    """Greedy decoding without cache, batch or mask: the token with the highest logit, again."""
    new = []
    while len(new) < limit:
        with torch.no_grad():
            logits = model(torch.tensor([[*prompt, *new]]), use_cache=False).logits
        new.append(int(logits[0, -1].argmax()))
        if new[-1] in ends:
            break
    return new


def by_transformers(model, prompt, limit):
    """Answer one prompt with transformers' own `generate`."""
    with torch.no_grad():
        output = model.generate(torch.tensor([prompt]), do_sample=False, max_new_tokens=limit)
    return output[0, len(prompt) :].tolist()


def test_a_batch_answers_as_transformers_does_one_prompt_at_a_time(stories):
    model, tokenizer = stories
    starts = ["Once upon a time", "Lily", "One day, a little girl named Lily found a needle",
              "The dog", "Tim and Sue went to the park. They saw", "He was sad", "A"]  # fmt: skip
    prompts = encode(tokenizer, starts * 3)
    # of different length, also among equal starts
    prompts = [prompt * (1 + number % 3) for number, prompt in enumerate(prompts)]
    together = generate(model, tokenizer, prompts, 25)
    alone = [by_transformers(model, prompt, 25) for prompt in prompts]
    assert [answer.text for answer in together] == [
        tokenizer.decode(tokens, skip_special_tokens=True) for tokens in alone
    ]
    assert together == [generate(model, tokenizer, [prompt], 25)[0] for prompt in prompts]
    assert len({answer.text for answer in together}) > 7


def test_equals_greedy_decoding_written_out(stories):
    model, tokenizer = stories
    prompts = encode(tokenizer, ["Once upon a time", "The dog", "Tim and Sue went to the park."])
    ends = [tokenizer.eos_token_id]
    for prompt, answer in zip(prompts, generate(model, tokenizer, prompts, 30), strict=True):
        expected = by_hand(model, prompt, ends, 30)
        assert answer.text == tokenizer.decode(expected, skip_special_tokens=True)
        assert answer.tokens == len(expected)
        assert answer.truncated == (expected[-1] not in ends)


def test_an_answer_ends_with_its_first_end_token_while_its_neighbours_go_on(tiny):
    model, tokenizer = tiny
    prompts = encode(tokenizer, PROMPTS)
    free = [by_hand(model, prompt, [], 12) for prompt in prompts]
    # two tokens that the model says early in some answers and not at all in others
    ends = [free[0][2], free[-1][4]]
    model.generation_config.eos_token_id = ends
    ends = [*ends, tokenizer.eos_token_id]
    answers = generate(model, tokenizer, prompts, 12, batch_size=7)
    expected = [by_hand(model, prompt, ends, 12) for prompt in prompts]
    assert [answer.tokens for answer in answers] == [len(tokens) for tokens in expected]
    assert [answer.truncated for answer in answers] == [
        tokens[-1] not in ends for tokens in expected
    ]
    assert {answer.truncated for answer in answers} == {True, False}
    decoded = [tokenizer.decode(tokens, skip_special_tokens=True) for tokens in expected]
    assert [answer.text for answer in answers] == decoded


@pytest.mark.parametrize("named", [7, [7, 9], None])
def test_the_tokenizer_s_end_token_ends_an_answer_whatever_the_model_names(tiny, named):
    """Training ends answers with the tokenizer's, which is not every model's own."""
    model, tokenizer = tiny
    model.generation_config.eos_token_id = named
    assert tokenizer.eos_token_id == 1
    with torch.no_grad():
        # says </s> whatever it is asked
        model.lm_head.weight = torch.nn.Parameter(torch.zeros(320, 32))
        model.lm_head.bias = torch.nn.Parameter(torch.eye(320)[1])
    answers = generate(model, tokenizer, encode(tokenizer, PROMPTS[:3]), 8)
    assert [(answer.tokens, answer.truncated) for answer in answers] == [(1, False)] * 3


def test_the_order_of_the_prompts_is_kept_whatever_their_length(tiny):
    model, tokenizer = tiny
    prompts = encode(tokenizer, PROMPTS)
    forwards = generate(model, tokenizer, prompts, 8, batch_size=6)
    backwards = generate(model, tokenizer, prompts[::-1], 8, batch_size=6)
    assert forwards == backwards[::-1]


def test_is_greedy_whatever_the_generation_config_says(tiny):
    model, tokenizer = tiny
    prompts = encode(tokenizer, PROMPTS[:3])
    greedy = generate(model, tokenizer, prompts, 8)
    model.generation_config.do_sample = True
    model.generation_config.temperature = 5.0
    model.generation_config.max_new_tokens = 2
    assert generate(model, tokenizer, prompts, 8) == greedy


def test_reports_progress_and_answers_nothing_to_no_prompts(tiny):
    model, tokenizer = tiny
    counts = []
    generate(model, tokenizer, encode(tokenizer, PROMPTS), 1, batch_size=8, advance=counts.append)
    assert counts == [8, 8, 4]
    assert generate(model, tokenizer, [], 8) == []


def test_refuses_prompts_that_do_not_fit_and_models_that_never_end(tiny):
    model, tokenizer = tiny
    with pytest.raises(DataError, match="prompt 1 is empty"):
        generate(model, tokenizer, [[0], []], 8)
    with pytest.raises(DataError, match=r"prompt 0 has 60 tokens.*8 tokens of an answer.*64"):
        generate(model, tokenizer, [[2] * 60], 8)
    model.generation_config.eos_token_id = None
    tokenizer = copy.copy(tokenizer.decoder)
    tokenizer.eos_token = None
    with pytest.raises(ModelError, match="eos_token_id"):
        generate(model, tokenizer, [[0]], 8)


def test_batches_hold_similar_lengths_within_both_limits():
    prompts = [[0] * length for length in (5, 40, 3, 8, 8, 100, 4)]
    assert list(_batches(prompts, 3, None)) == [[5, 1, 3], [4, 0, 6], [2]]
    assert list(_batches(prompts, 3, 24)) == [[5], [1], [3, 4, 0], [6, 2]]
