"""How many loss-bearing tokens per second training gets, by how examples lie in memory.

    OMP_NUM_THREADS=1 python tests/benchmarks/train.py [--steps 8] [--batch-size 64]

A random Llama of one million weights is trained on examples whose lengths follow those of
instructions (log-normal, median 88 tokens, 99th percentile near 500; a tenth is answer), in batches
cut into forward passes of at most 4,096 tokens. Four ways run in turn in one process, by the
collator and the order of `rankscope.train.feeds.examples`: padded to the longest example there may
be, padded to the longest of the forward pass, the same with batches of similar length, and packed
exactly. Padded and packed runs see the same examples at every step; their losses must agree. The
exit code is 1 below the targets.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).parent))

LONGEST = 512
FORWARD_TOKENS = 4096
WAYS = ("padded to 512", "padded", "length-grouped", "exact")
TARGETS = {"padded to 512": 3.5, "padded": 1.8}
LOSS_NOISE = 1e-3


def main() -> int:
    """Time the four ways in turn and print what each gets through."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=64)
    options = parser.parse_args()

    import torch

    examples = instructions(options.steps * options.batch_size)
    trained = sum(len(each.input_ids) - each.prompt_tokens for each in examples)
    print(
        f"{len(examples)} examples of {sum(len(e.input_ids) for e in examples) / len(examples):.0f}"
        f" tokens, {trained} of them with loss, {torch.get_num_threads()} threads"
    )
    runs = {way: Run(way, examples, options.steps, options.batch_size) for way in WAYS}
    for step in range(options.steps):
        for run in runs.values():  # in turn, so that a busy neighbour slows all of them
            run.step(step)
    packed = runs["exact"]
    good = True
    for way, run in runs.items():
        ratio = run.seconds / packed.seconds * packed.targets / run.targets
        target = TARGETS.get(way)
        good &= target is None or ratio >= target
        print(
            f"{way:15} {run.seconds:7.2f} s  {run.targets / run.seconds:7.0f} loss tokens/s"
            f"  {run.padding:4.0%} padding  exact is {ratio:4.2f}×"
            + (f" (target {target:g})" if target else "")
        )
    difference = max(abs(a - b) for a, b in zip(runs["padded"].losses, packed.losses, strict=True))
    print(f"largest difference in loss, padded and exact: {difference:.1e} (noise {LOSS_NOISE:g})")
    return 0 if good and difference < LOSS_NOISE else 1


def instructions(count: int) -> list:
    """Examples with the lengths of instructions, of random tokens."""
    import numpy as np

    from rankscope.train.feeds.examples import Example

    draw = np.random.default_rng(0)
    lengths = np.clip(88 * np.exp(0.75 * draw.standard_normal(count)), 16, LONGEST).astype(int)
    answers = np.maximum(2, (lengths * draw.beta(1, 8, count)).astype(int))
    return [
        Example(draw.integers(2, 320, length).tolist(), int(length - answer))
        for length, answer in zip(lengths, answers, strict=True)
    ]


class Run:
    """A model that is trained one way, with the time it took and the losses it had."""

    def __init__(self, way: str, examples: list, steps: int, batch_size: int) -> None:
        import torch
        from generate import million_weights

        from rankscope.records.recipes import Recipe
        from rankscope.train.feeds.examples import OrderedExamples, collator_of

        packing = "padded" if way.startswith("padded") else way
        recipe = Recipe(
            learning_rate=1e-3,
            steps=steps,
            batch_size=batch_size,
            sequence_length=LONGEST,
            packing=packing,
        )
        self.way = way
        self.seconds, self.targets, self.losses = 0.0, 0, []
        self._laid_out = self._filled = 0
        self._examples = OrderedExamples(examples, recipe, steps, seed=0)
        self._batch_size = batch_size
        self._collate = collator_of(recipe)
        self._model = million_weights(end_tokens=1).train()
        self._model.config.use_cache = False
        self._optimizer = torch.optim.AdamW(self._model.parameters(), lr=1e-3)
        self._forward(self._collate([examples[0]]), 1).backward()  # warm
        self._optimizer.zero_grad()

    @property
    def padding(self) -> float:
        """Share of the places in memory that hold no example."""
        return 1 - self._filled / self._laid_out

    def step(self, number: int) -> None:
        """Take one optimizer step."""
        first = number * self._batch_size
        batch = [self._examples[first + place] for place in range(self._batch_size)]
        targets = sum(len(each.input_ids) - each.prompt_tokens for each in batch)
        started = time.perf_counter()
        loss = 0.0
        for part in self._parts(batch):
            inputs = self._padded(self._collate(part))
            share = self._forward(inputs, targets)
            share.backward()
            loss += share.item()
            self._laid_out += inputs["input_ids"].numel()
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.seconds += time.perf_counter() - started
        self.targets += targets
        self._filled += sum(len(each.input_ids) for each in batch)
        self.losses.append(loss)

    def _parts(self, batch: list) -> Iterator[list]:
        """Cut a batch into forward passes of at most FORWARD_TOKENS places."""
        part: list = []
        for example in batch:
            if part and self._places([*part, example]) > FORWARD_TOKENS:
                yield part
                part = []
            part.append(example)
        yield part

    def _places(self, part: list) -> int:
        lengths = [len(each.input_ids) for each in part]
        if self.way == "exact":
            return sum(lengths)
        return len(part) * (LONGEST if self.way == WAYS[0] else max(lengths))

    def _padded(self, inputs: dict) -> dict:
        """Widen the rows of the first way to the longest example there may be."""
        import torch

        if self.way != WAYS[0]:
            return inputs
        rows, length = inputs["input_ids"].shape
        wide = {
            "input_ids": torch.zeros(rows, LONGEST, dtype=torch.int64),
            "labels": torch.full((rows, LONGEST), -100),
            "position_ids": torch.arange(LONGEST).repeat(rows, 1),
        }
        for name, tensor in wide.items():
            tensor[:, :length] = inputs[name]
        return wide

    def _forward(self, inputs: dict, targets: int):
        return self._model(**inputs, num_items_in_batch=targets).loss


if __name__ == "__main__":
    sys.exit(main())
