"""Masks: how many and of what kind, and that they depend on seed and place alone."""

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from rankscope.records.recipes import Recipe
from rankscope.train.feeds.examples import OrderedExamples
from rankscope.train.losses import IGNORED
from rankscope.train.masking import SHARE, MaskedSequences, PlainSequence
from tiny_heads import save_tokenizer

LENGTH, MASK = 64, 3
SPECIAL = (0, 1, 2, MASK)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(folder, "bert")
    return AutoTokenizer.from_pretrained(Path(folder))


def ids_of(number: int) -> list[int]:
    """A framed sequence of plain tokens, other ones for each number."""
    return [0, *(4 + (number + each) % 250 for each in range(LENGTH - 2)), 1]


def masked(tokenizer, seed: int = 0, steps: int = 40) -> MaskedSequences:
    recipe = Recipe(learning_rate=1e-3, batch_size=5, steps=steps, sequence_length=LENGTH)
    rows = [PlainSequence(ids_of(number)) for number in range(10)]
    return MaskedSequences(OrderedExamples(rows, recipe, steps, seed), tokenizer, seed)


def test_behind_the_masks_lie_the_tokens_of_the_sequences(tokenizer) -> None:
    run = masked(tokenizer)
    assert len(run) == 200
    known = {tuple(ids_of(number)) for number in range(10)}
    for place in range(20):
        item = run[place]
        chosen = item["labels"] != IGNORED
        assert tuple(torch.where(chosen, item["labels"], item["input_ids"]).tolist()) in known
        assert not any(chosen[[0, -1]]), "special tokens are not masked"


def test_shares_are_those_of_bert(tokenizer) -> None:
    run = masked(tokenizer)
    items = [run[place] for place in range(len(run))]
    ids = torch.stack([item["input_ids"] for item in items])[:, 1:-1]
    labels = torch.stack([item["labels"] for item in items])[:, 1:-1]
    chosen = labels != IGNORED
    share = chosen.float().mean().item()
    deviation = (SHARE * (1 - SHARE) / chosen.numel()) ** 0.5
    assert share == pytest.approx(SHARE, abs=4 * deviation)
    number = int(chosen.sum())
    hidden = (ids[chosen] == MASK).float().mean().item()
    same = (ids[chosen] == labels[chosen]).float().mean().item()
    assert hidden == pytest.approx(0.8, abs=4 * (0.16 / number) ** 0.5)
    assert same == pytest.approx(0.1, abs=4 * (0.09 / number) ** 0.5)


def test_a_mask_depends_on_the_seed_and_the_place_and_on_nothing_seen_before(tokenizer) -> None:
    forwards, backwards = masked(tokenizer), masked(tokenizer)
    first = [forwards[place] for place in range(30)]
    torch.manual_seed(5)
    for place in reversed(range(30)):
        item = backwards[place]
        assert all(torch.equal(item[name], first[place][name]) for name in item)
    other = masked(tokenizer, seed=1)
    assert any(not torch.equal(other[n]["labels"], first[n]["labels"]) for n in range(30))


def test_masks_of_two_passes_differ(tokenizer) -> None:
    run = masked(tokenizer)
    seen: dict[tuple[int, ...], set[tuple[bool, ...]]] = {}
    for place in range(20):
        item = run[place]
        chosen = item["labels"] != IGNORED
        whole = tuple(torch.where(chosen, item["labels"], item["input_ids"]).tolist())
        seen.setdefault(whole, set()).add(tuple(chosen.tolist()))
    assert all(len(masks) == 2 for masks in seen.values())
