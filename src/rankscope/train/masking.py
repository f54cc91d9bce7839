"""Sequences with masks: what a masked language model is trained on.

Guarantees: masks are drawn anew every time that a sequence is seen, by transformers' own rule (of
the tokens that are not special 15 %: 80 % of them become the mask, 10 % another token, 10 % stay;
Devlin et al. 2019). They depend on the run's seed and on the place of the sequence in the run
alone, and so neither on the size of a forward pass nor on whether the run was resumed. Loss falls
on what was chosen to be masked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.utils.data import Dataset

from rankscope.train.feeds.examples import OrderedExamples

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SHARE = 0.15


@dataclass(frozen=True, slots=True)
class PlainSequence:
    """Token ids without masks."""

    input_ids: Sequence[int]


class MaskedSequences(Dataset[dict[str, torch.Tensor]]):
    """The sequences of a whole run in the order in which it sees them, masked.

    Items: `input_ids` with masks, and `labels` with the tokens behind them and `losses.IGNORED`
    elsewhere; both int64 of shape (sequence_length,).
    """

    def __init__(
        self,
        sequences: OrderedExamples[PlainSequence],
        tokenizer: "PreTrainedTokenizerBase",
        seed: int,
    ) -> None:
        from transformers import DataCollatorForLanguageModeling

        self._sequences, self._seed = sequences, seed
        self._collator = DataCollatorForLanguageModeling(tokenizer, mlm_probability=SHARE)

    def __len__(self) -> int:
        return len(self._sequences)

    def __getitem__(self, place: int) -> dict[str, torch.Tensor]:
        drawn_from = np.random.SeedSequence((self._seed, place)).generate_state(1, np.uint64)
        self._collator.generator = torch.Generator().manual_seed(int(drawn_from[0]))
        batch = self._collator.torch_call([list(self._sequences[place].input_ids)])
        return {name: batch[name][0] for name in ("input_ids", "labels")}
