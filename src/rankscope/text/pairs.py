"""A text, or a pair of texts, as a classifier reads it, and such examples in rows of one length.

Guarantees: training and measuring encode alike. The tokenizer of the base frames a text, and joins
a pair, as its own template does; text is text, as everywhere (`text.tokenizer`). What is longer
than the limit loses tokens at the end of its longer text until it fits, as the field does it
(`longest_first`), and is counted. Rows are padded behind, and a mask hides what pads them.

    BERT     [CLS] first [SEP] second [SEP]    segments 0 0 0 1 1
    RoBERTa  <s> first </s></s> second </s>    none
    Llama    <s> first second                  none
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankscope.errors import ModelError
from rankscope.text.tokenizer import TextTokenizer, load_text_tokenizer
from rankscope.weights.heads import padding_of

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class EncodedPair:
    """Token ids of a text or pair; which text each is of (0 or 1); whether any were cut off."""

    input_ids: Sequence[int]
    segments: Sequence[int]
    is_cut: bool = False


@dataclass(frozen=True)
class PairEncoder:
    """Encodes texts and pairs with the tokenizer of a base, at most `limit` tokens each."""

    tokenizer: TextTokenizer
    limit: int

    def encode(self, first: str, second: str | None = None) -> EncodedPair:
        """Encode one example."""
        encoding = self.tokenizer.encode_pair(first, second, self.limit)
        return EncodedPair(encoding.ids, encoding.type_ids, bool(encoding.overflowing))


def load_pair_encoder(model: Path, limit: int) -> PairEncoder:
    """Load the encoder of a model folder.

    Raises:
        ModelError: it has no tokenizer, or one that is not of the tokenizers library.
    """
    tokenizer = load_text_tokenizer(model)
    if tokenizer is None:
        raise ModelError(
            f"{model}: its tokenizer is written in Python, of which a classifier's pairs cannot be"
            " made here; save the fast tokenizer of the model there (tokenizer.json)"
        )
    return PairEncoder(tokenizer, limit)


@dataclass(frozen=True)
class Layout:
    """How a model takes rows: what pads them, and whether it is told which text a token is of."""

    padding: int
    has_segments: bool

    @classmethod
    def of(cls, config: Any) -> "Layout":
        """Return the layout of a model of transformers, by its configuration.

        The token that pads is the model's own: by it RoBERTa counts positions, and a decoder's
        classifier finds the last token of a text.

        Raises:
            ModelError: the configuration names no such token.
        """
        # GPT-2 would look segments up among its words
        segments = getattr(config.get_text_config(), "type_vocab_size", 0)
        return cls(padding_of(config), segments > 1)

    def rows(self, examples: Sequence[EncodedPair]) -> dict[str, "torch.Tensor"]:
        """Return input_ids, attention_mask and, where it has them, token_type_ids.

        Each is int64 of shape (examples, longest example).
        """
        import torch

        shape = len(examples), max(len(each.input_ids) for each in examples)
        batch = {
            "input_ids": torch.full(shape, self.padding),
            "attention_mask": torch.zeros(shape, dtype=torch.int64),
        }
        if self.has_segments:
            batch["token_type_ids"] = torch.zeros(shape, dtype=torch.int64)
        for number, each in enumerate(examples):
            size = len(each.input_ids)
            batch["input_ids"][number, :size] = torch.tensor(each.input_ids)
            batch["attention_mask"][number, :size] = 1
            if self.has_segments:
                batch["token_type_ids"][number, :size] = torch.tensor(each.segments)
        return batch
