"""Instruction examples as batches: which examples a step sees, and how they lie in memory.

Guarantees: a run sees the examples in an order fixed by its seed, pass after pass over a shuffled
table, `batch_size` of them at every step, so that packed and padded runs take the same steps on the
same examples; a resumed run goes on in that order. Packed runs meet the examples of a step longest
first, so that forward passes hold examples of similar length and rows stay short, where attention
is cheap; a step's gradient does not depend on it. Loss falls on the answer and the end-of-text
token after it, unless the recipe says otherwise, and is the mean over those tokens of the whole
step. Examples that share a row do not see each other: their positions start anew, from which
transformers builds a block-diagonal mask where it is given no mask and no cache. Not every family
of models takes that mask: `leakage` finds out before a run begins.

    padded           exact
    a a a a a · ·    a a a a a b b     positions 0 1 2 3 4 0 1
    b b · · · · ·    c c c c d d d               0 1 2 3 0 1 2
    c c c c · · ·
    d d d · · · ·
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset

from rankscope.artefacts.reading import read_parquet
from rankscope.errors import DataError
from rankscope.records.recipes import Packing, Recipe
from rankscope.records.runs import Run
from rankscope.train.bins import pack_bins
from rankscope.train.feed import Feed, total_steps
from rankscope.train.losses import IGNORED

GROUPED_BATCHES = 50

Batch = dict[str, torch.Tensor]
Lengths = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids of prompt and answer; the first `prompt_tokens` carry no loss."""

    input_ids: Sequence[int]
    prompt_tokens: int


def feed(run: Run, packed: Path, base: Path) -> Feed:
    """Read the examples of `run`.

    Raises:
        DataError: there is less than a batch.
    """
    del base
    examples = read_examples(packed)
    steps = total_steps(run.recipe, len(examples), "examples")
    ordered = OrderedExamples(examples, run.recipe, steps, run.seed)
    collator = collator_of(run.recipe)
    return Feed(
        ordered,
        ordered.tokens,
        sum(len(each.input_ids) for each in examples),
        collator,
        in_order=True,
        shares_rows=collator.packing == "exact",
    )


def read_examples(path: Path) -> list[Example]:
    """Read what `rankscope data pack` wrote for a mixture.

    Raises:
        DataError: the mixture is empty.
    """
    rows = read_parquet(path, columns=["input_ids", "prompt_tokens"])
    if rows.is_empty():
        raise DataError(f"{path}: the mixture has no example to train on")
    return [Example(ids, prompt) for ids, prompt in rows.iter_rows()]


def example_order(lengths: Lengths, recipe: Recipe, steps: int, seed: int) -> Lengths:
    """Return the number of the example at each place of the run, shape (steps × batch_size,).

    Every pass is a new shuffle of all examples. With `packing: exact` a step has its longest first;
    with `length-grouped` the batches are filled by length within stretches of 50 batches, and then
    shuffled.
    """
    places = steps * recipe.batch_size
    passes = -(-places // len(lengths))
    draw = np.random.default_rng(seed)
    order = np.concatenate([draw.permutation(len(lengths)) for _ in range(passes)])[:places]
    if recipe.packing == "padded":
        return order
    if recipe.packing != "length-grouped":
        by_step = order.reshape(steps, recipe.batch_size)
        longest_first = np.argsort(-lengths[by_step], axis=1, kind="stable")
        return np.take_along_axis(by_step, longest_first, axis=1).ravel()
    stretch = GROUPED_BATCHES * recipe.batch_size
    grouped = []
    for start in range(0, places, stretch):
        part = order[start : start + stretch]
        by_length = part[np.argsort(-lengths[part], kind="stable")]
        grouped.append(draw.permutation(by_length.reshape(-1, recipe.batch_size)).ravel())
    return np.concatenate(grouped)


class HasTokens(Protocol):
    """Anything of some tokens."""

    @property
    def input_ids(self) -> Sequence[int]:
        """Their ids."""


Tokens = TypeVar("Tokens", bound=HasTokens)


class OrderedExamples(Dataset[Tokens]):
    """The examples of a whole run, in the order in which it sees them.

    `tokens` counts, for every step, the tokens trained on until then, prompts included.
    """

    def __init__(self, examples: Sequence[Tokens], recipe: Recipe, steps: int, seed: int) -> None:
        lengths = np.array([len(example.input_ids) for example in examples], dtype=np.int64)
        self._examples = examples
        self._order = example_order(lengths, recipe, steps, seed)
        per_step = lengths[self._order].reshape(steps, recipe.batch_size).sum(axis=1)
        self.tokens: list[int] = per_step.cumsum().tolist()

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: int) -> Tokens:
        return self._examples[self._order[index]]


@dataclass(frozen=True)
class Collator:
    """Lays the examples of a forward pass out in rows as long as the longest of them."""

    packing: Packing
    prompt_loss: bool = False

    def __call__(self, examples: Sequence[Example]) -> Batch:
        """Return input_ids, labels and, of packed rows, position_ids: int64 (rows, longest row).

        There is no attention mask: with one, examples that share a row would see each other. What
        pads a row comes last, where a causal model's other tokens do not see it. Positions that do
        not start anew are the model's own to count: not every family counts from 0, or at all.
        """
        lengths = [len(each.input_ids) for each in examples]
        rows: Sequence[Sequence[int]] = [(number,) for number in range(len(examples))]
        if self.packing == "exact":
            rows = pack_bins(lengths, max(lengths))
        laid_out = [self._row([examples[number] for number in row]) for row in rows]
        longest = max(lengths)
        batch = {
            "input_ids": torch.zeros(len(rows), longest, dtype=torch.int64),
            "labels": torch.full((len(rows), longest), IGNORED),
        }
        if self.packing == "exact":
            batch["position_ids"] = torch.arange(longest).repeat(len(rows), 1)
        for number, parts in enumerate(laid_out):
            for tensor, values in zip(batch.values(), parts, strict=False):
                tensor[number, : len(values)] = torch.tensor(values)
        return batch

    def _row(self, examples: Sequence[Example]) -> tuple[list[int], list[int], list[int]]:
        """Return ids, labels and positions of the examples, one after the other."""
        ids: list[int] = []
        labels: list[int] = []
        positions: list[int] = []
        for example in examples:
            # the first token is never a target: what stands before it is another example
            masked = 1 if self.prompt_loss else max(1, example.prompt_tokens)
            ids += example.input_ids
            labels += [IGNORED] * masked + list(example.input_ids[masked:])
            positions += range(len(example.input_ids))
        return ids, labels, positions


def collator_of(recipe: Recipe) -> Collator:
    """Return the collator of a recipe; examples are packed where it does not say how."""
    return Collator(recipe.packing or "exact", recipe.prompt_loss)
