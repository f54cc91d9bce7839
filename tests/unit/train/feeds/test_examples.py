"""Instruction examples as batches: nothing leaks, nothing is lost, and order is fixed."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from rankscope.records.recipes import Recipe
from rankscope.train.feeds.examples import Collator, Example, OrderedExamples, example_order
from tiny_llama import save_base

IGNORED = -100


def recipe(**changes) -> Recipe:
    return Recipe(**{"learning_rate": 1e-3, "steps": 5, "batch_size": 4} | changes)


def examples(count: int = 9, seed: int = 0) -> list[Example]:
    draw = np.random.default_rng(seed)
    lengths = draw.integers(3, 25, count)
    return [Example(draw.integers(2, 300, n).tolist(), int(draw.integers(1, n))) for n in lengths]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = save_base(tmp_path_factory.mktemp("base"), context=64)
    model = AutoModelForCausalLM.from_pretrained(folder)
    model.config.use_cache = False
    return model


def loss_and_gradients(model, batches) -> tuple[float, list[torch.Tensor]]:
    """Summed loss over all batches, and the gradient of every weight."""
    model.zero_grad()
    total = 0.0
    for batch in batches:
        loss = model(**batch, num_items_in_batch=1).loss
        loss.backward()
        total += loss.item()
    return total, [weight.grad.clone() for weight in model.parameters()]


@pytest.mark.parametrize("packing", ["exact", "padded", "length-grouped"])
@pytest.mark.parametrize("prompt_loss", [False, True])
def test_examples_in_a_batch_train_as_if_each_were_alone(model, packing, prompt_loss):
    listed = examples()
    together = Collator(packing, prompt_loss)(listed)
    if packing == "exact":
        assert len(together["input_ids"]) < len(listed), "some examples share a row"
    alone = [
        {
            "input_ids": torch.tensor([each.input_ids]),
            "labels": torch.tensor(
                [
                    [IGNORED] * (0 if prompt_loss else each.prompt_tokens)
                    + each.input_ids[0 if prompt_loss else each.prompt_tokens :]
                ]
            ),
        }
        for each in listed
    ]
    loss, gradients = loss_and_gradients(model, [together])
    expected_loss, expected = loss_and_gradients(model, alone)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    for one, other in zip(gradients, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5 * float(other.abs().max()), rtol=1e-5)


def test_logits_of_a_shared_row_are_those_of_each_example_alone(model):
    listed = examples()
    batch = Collator("exact")(listed)
    by_ids = {tuple(each.input_ids): each for each in listed}
    with torch.no_grad():
        logits = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"]).logits
    for row, positions in enumerate(batch["position_ids"].tolist()):
        starts = [place for place, position in enumerate(positions) if position == 0]
        for start in starts:
            ids = batch["input_ids"][row, start:].tolist()
            found = next(each for each in by_ids if tuple(ids[: len(each)]) == each)
            with torch.no_grad():
                alone = model(input_ids=torch.tensor([found])).logits[0]
            torch.testing.assert_close(
                logits[row, start : start + len(found)], alone, atol=1e-5, rtol=1e-5
            )
            del by_ids[found]
    assert not by_ids, "every example lies in a row"


def test_without_new_positions_neighbours_would_leak(model):
    """The test above can fail: with one run of positions the logits differ."""
    batch = Collator("exact")(examples())
    with torch.no_grad():
        apart = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"]).logits
        leaking = model(input_ids=batch["input_ids"]).logits
    assert (apart - leaking).abs().max() > 0.1


@given(lengths=st.lists(st.integers(1, 30), min_size=1, max_size=20), exact=st.booleans())
def test_a_batch_holds_every_token_and_target_once(lengths, exact):
    listed = [Example(list(range(1, n + 1)), n // 2) for n in lengths]
    batch = Collator("exact" if exact else "padded")(listed)
    assert batch["input_ids"].count_nonzero() == sum(lengths)
    assert (batch["labels"] != IGNORED).sum() == sum(n - max(1, n // 2) for n in lengths)
    targets = batch["labels"] != IGNORED
    assert torch.equal(batch["labels"][targets], batch["input_ids"][targets])
    assert batch["input_ids"].shape[1] == max(lengths)


@settings(max_examples=30)
@given(
    count=st.integers(4, 60),
    steps=st.integers(1, 40),
    packing=st.sampled_from(["exact", "length-grouped"]),
    seed=st.integers(0, 5),
)
def test_every_example_is_seen_equally_often_up_to_one(count, steps, packing, seed):
    lengths = np.arange(1, count + 1)
    order = example_order(lengths, recipe(packing=packing), steps, seed)
    assert order.shape == (4 * steps,)
    seen = np.bincount(order, minlength=count)
    assert seen.max() - seen.min() <= 1
    again = example_order(lengths, recipe(packing=packing), steps, seed)
    assert np.array_equal(order, again)


def test_a_seed_decides_the_order_and_packing_does_not():
    lengths = np.arange(1, 41)
    exact = example_order(lengths, recipe(), 10, 0).reshape(10, 4)
    padded = example_order(lengths, recipe(packing="padded"), 10, 0).reshape(10, 4)
    assert np.array_equal(np.sort(exact), np.sort(padded)), "the same examples at every step"
    assert (np.diff(lengths[exact]) <= 0).all(), "packed, the longest come first"
    assert not np.array_equal(exact.ravel(), example_order(lengths, recipe(), 10, 1))


def test_grouped_batches_are_of_similar_length_and_come_in_any_order():
    lengths = np.random.default_rng(0).integers(1, 500, 400)
    order = example_order(lengths, recipe(packing="length-grouped"), 100, 0)
    batches = lengths[order].reshape(100, 4)
    spread = (batches.max(axis=1) - batches.min(axis=1)).mean()
    shuffled = lengths[example_order(lengths, recipe(), 100, 0)].reshape(100, 4)
    assert spread < 0.1 * (shuffled.max(axis=1) - shuffled.min(axis=1)).mean()
    assert abs(np.corrcoef(np.arange(50), batches.mean(axis=1)[:50])[0, 1]) < 0.5


def test_tokens_are_counted_by_step():
    listed = examples(10)
    ordered = OrderedExamples(listed, recipe(), 5, 0)
    assert len(ordered) == 20
    seen = [len(ordered[place].input_ids) for place in range(20)]
    assert ordered.tokens == np.cumsum(np.reshape(seen, (5, 4)).sum(axis=1)).tolist()


def test_rows_are_as_long_as_the_longest_example():
    listed = [Example([5] * 20, 3), Example([6] * 11, 3), Example([7] * 9, 3)]
    batch = Collator("exact")(listed)
    assert batch["input_ids"].shape == (2, 20)
    assert set(batch) == {"input_ids", "labels", "position_ids"}, "no attention mask"
