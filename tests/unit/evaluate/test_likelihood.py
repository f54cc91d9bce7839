import json
import math
import shutil
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.evaluate.likelihood import batches, encode, negative_log_likelihoods, windows
from rankscope.evaluate.weights import load_tokenizer
from rankscope.records.heads import CausalLM
from rankscope.weights.context_length import context_length
from rankscope.weights.steps import load_step
from tiny_llama import SENTENCES

TEXTS = [*SENTENCES, " ".join(SENTENCES), "\n".join(SENTENCES * 3), "a"]


def one_by_one(model, sequence, context):
    """Sum over single tokens, each from a forward pass of its own over its window's prefix."""
    total = 0.0
    for target in range(1, len(sequence)):
        begin = max(0, math.ceil((target - context) / (context // 2))) * (context // 2)
        with torch.no_grad():
            logits = model(torch.tensor([sequence[begin:target]])).logits[0, -1].double()
        total -= torch.log_softmax(logits, dim=0)[sequence[target]].item()
    return total


@settings(deadline=None)
@given(targets=st.integers(0, 400), context=st.integers(2, 64))
def test_every_target_is_counted_exactly_once_with_enough_context(targets, context):
    counted = []
    for window in windows(0, targets, context):
        assert 0 <= window.begin < window.end <= targets
        assert window.length <= context
        first = window.end - window.counted + 1
        counted += range(first, window.end + 1)
        assert first == 1 or first - window.begin > context // 2
    assert counted == list(range(1, targets + 1))


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(1, 200), max_size=20),
    context=st.integers(2, 64),
    tokens=st.integers(1, 300),
)
def test_batches_hold_every_window_once_and_stay_within_the_budget(lengths, context, tokens):
    cut = [
        window
        for document, length in enumerate(lengths)
        for window in windows(document, length, context)
    ]
    grouped = list(batches(cut, tokens))
    assert Counter(window for batch in grouped for window in batch) == Counter(cut)
    for batch in grouped:
        assert len(batch) == 1 or len(batch) * max(w.length for w in batch) <= tokens


def test_equals_one_by_one_prediction_without_batches(base):
    model, tokenizer = load_step(base, None, CausalLM()), load_tokenizer(base)
    context = context_length(model.config.to_dict()).tokens
    sequences = encode(tokenizer, TEXTS)
    assert max(len(sequence) for sequence in sequences) > 2 * context
    batched = negative_log_likelihoods(model, sequences, context)
    for sequence, nats in zip(sequences, batched, strict=True):
        assert nats == pytest.approx(one_by_one(model, sequence, context), rel=1e-5)


def test_is_independent_of_the_neighbours_in_the_batch(base):
    model, tokenizer = load_step(base, None, CausalLM()), load_tokenizer(base)
    sequences = encode(tokenizer, TEXTS)
    together = negative_log_likelihoods(model, sequences, 64)
    alone = [negative_log_likelihoods(model, [sequence], 64)[0] for sequence in sequences]
    assert together == pytest.approx(alone, rel=1e-5)


def test_reports_every_finished_document_once(base):
    model, tokenizer = load_step(base, None, CausalLM()), load_tokenizer(base)
    finished = []
    negative_log_likelihoods(model, encode(tokenizer, TEXTS * 20), 64, finished.append)
    assert sum(finished) == len(TEXTS) * 20
    assert len(finished) > 1


def test_puts_bos_or_else_eos_in_front(base, tmp_path):
    tokenizer = load_tokenizer(base)
    assert encode(tokenizer, ["cat"])[0][0] == tokenizer.decoder.bos_token_id
    folder = shutil.copytree(base, tmp_path / "base")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"bos_token": None}))
    tokenizer = load_tokenizer(folder)
    assert (
        encode(tokenizer, ["cat"])[0][0] == tokenizer.eos_token_id != tokenizer.decoder.bos_token_id
    )


def test_a_uniform_model_needs_log_of_the_vocabulary_per_token(base):
    model, tokenizer = load_step(base, None, CausalLM()), load_tokenizer(base)
    torch.nn.init.zeros_(model.model.embed_tokens.weight)
    (sequence,) = encode(tokenizer, ["\n".join(SENTENCES)])
    (nats,) = negative_log_likelihoods(model, [sequence], 64)
    assert nats == pytest.approx((len(sequence) - 1) * math.log(320), rel=1e-6)
