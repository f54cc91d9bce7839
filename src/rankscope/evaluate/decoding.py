"""Going on with a batch of texts token by token: with a cache of what was read, or without.

Guarantees: both decoders give the logits of the next token after every text; what differs is what
they cost and whether a model supports it, which `trial` finds out. Texts of different length are
padded on the left for the cache, where a mask hides it, and on the right without one, where causal
models do not look. Not here: which token comes next, and when an answer ends (`generation`).
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from rankscope.errors import ModelError
from rankscope.foreign import doing
from rankscope.weights.causality import name_of, right_padded, whole_logits

Batch = Literal["mixed", "equal", "single"]
"""Which texts share a batch: those of different length, of one length, or none."""
CACHE_ARGUMENTS = ("past_key_values", "cache_params")


class Decoder(Protocol):
    """A batch of texts that is gone on with."""

    def start(self, texts: Sequence[Sequence[int]]) -> Any:
        """Return the logits of the token after each text, shape (texts, vocabulary)."""

    def go_on(self, rows: Any, tokens: Any) -> Any:
        """Keep the texts `rows`, append one of `tokens` to each, and return what comes next."""


@dataclass(frozen=True)
class Way:
    """How texts are decoded: with a cache or not, and how many share a batch."""

    cached: bool
    batch: Batch

    def decoder(self, model: Any) -> Decoder:
        """Return a decoder for one batch."""
        return CachedDecoder(model, self.batch == "mixed") if self.cached else WholeTexts(model)

    @property
    def description(self) -> str:
        """What a message calls it."""
        batches = {
            "mixed": "in batches",
            "equal": "in batches of equal length",
            "single": "one at a time",
        }
        return f"{batches[self.batch]}, {'with' if self.cached else 'without'} a cache"


USUAL = Way(cached=True, batch="mixed")
WAYS = (
    USUAL,
    Way(cached=True, batch="equal"),
    Way(cached=False, batch="mixed"),
    Way(cached=False, batch="single"),
)
"""From the fastest to the one that is right by definition."""


class CachedDecoder:
    """Reads every token once; needs a model whose cache can be cut to some of its rows."""

    def __init__(self, model: Any, masked: bool) -> None:
        self._model, self._masked = model, masked
        self._accepted = inspect.signature(model.forward).parameters

    def start(self, texts: Sequence[Sequence[int]]) -> Any:
        """Read the texts.

        Raises:
            ModelError: the model has no cache, or not one of transformers' own kind.
        """
        from transformers import DynamicCache

        known = [name for name in CACHE_ARGUMENTS if name in self._accepted]
        if not known:
            raise ModelError(f"a model of type {_type(self._model)} takes no cache")
        self._argument = known[0]
        ids, mask = (tensor.to(self._model.device) for tensor in _left_padded(texts))
        self._mask, self._positions = mask, (mask.cumsum(dim=1) - 1).clamp(min=0)
        with self._library():
            self._cache = DynamicCache(config=self._model.config)
        return self._read(ids, self._positions)

    def go_on(self, rows: Any, tokens: Any) -> Any:
        """Append a token to each of `rows`, as numbers in the current batch."""
        import torch

        if len(rows) < len(self._mask):
            with self._library():
                # not batch_select_indices, which recurrent states do not have
                self._cache.reorder_cache(rows)
            self._mask, self._positions = self._mask[rows], self._positions[rows]
        ids = tokens[:, None]
        self._positions = self._positions[:, -1:] + 1
        self._mask = torch.cat([self._mask, torch.ones_like(ids)], dim=1)
        return self._read(ids, self._positions)

    def _read(self, ids: Any, positions: Any) -> Any:
        given = {"attention_mask": self._mask, "position_ids": positions} if self._masked else {}
        given |= {"logits_to_keep": 1}
        accepted = {name: value for name, value in given.items() if name in self._accepted}
        with self._library():
            output = self._model(
                input_ids=ids, use_cache=True, **{self._argument: self._cache}, **accepted
            )
        return output.logits[:, -1]

    def _library(self) -> Any:
        task = f"a model of type {_type(self._model)} does not go on from transformers' cache"
        return doing(name_of(self._model), task, "decode without one", ModelError)


class WholeTexts:
    """Reads the whole texts again for every token: slow, and right for every causal model."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._texts: list[list[int]] = []

    def start(self, texts: Sequence[Sequence[int]]) -> Any:
        """Read the texts."""
        self._texts = [list(text) for text in texts]
        return self._read()

    def go_on(self, rows: Any, tokens: Any) -> Any:
        """Append a token to each of `rows`, as numbers in the current batch."""
        kept = zip(rows.tolist(), tokens.tolist(), strict=True)
        self._texts = [[*self._texts[row], token] for row, token in kept]
        return self._read()

    def _read(self) -> Any:
        import torch

        logits = whole_logits(self._model, right_padded(self._texts))
        last = torch.tensor([len(text) - 1 for text in self._texts], device=logits.device)
        return logits[torch.arange(len(last), device=logits.device), last]


def _left_padded(texts: Sequence[Sequence[int]]) -> tuple[Any, Any]:
    """Return ids and attention mask, both of shape (texts, longest text)."""
    import torch

    longest = max(map(len, texts))
    # the padding is masked: any token will do
    ids = torch.zeros(len(texts), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, longest - len(text) :] = torch.tensor(text)
        mask[row, longest - len(text) :] = 1
    return ids, mask


def _type(model: Any) -> str:
    return str(model.config.model_type)
