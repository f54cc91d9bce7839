"""Negative log-likelihood of documents under a causal language model, in nats.

Guarantees: every token of a document is predicted exactly once. The sequence is BOS (EOS where the
tokenizer has no BOS) and the document's tokens; a document longer than the model's context C is
read in windows of C tokens that advance by C / 2, and a window counts only the tokens that none
before it predicted. So a token is conditioned on all tokens before it, as far as C allows, and on
at least C / 2 of them. Windows of similar length share a batch; padding stands on the right, where
causal models never look (tried; a model that does reads one window at a time). A model without a
limit reads windows of `BATCH_TOKENS`. Same model, documents and thread count: same bits.

Limits: a tokenizer that replaces text (unknown tokens, normalisation) is charged for the tokens it
makes, not for the text it lost; byte-level tokenizers lose nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rankscope.evaluate.weights import BaseTokenizer
from rankscope.weights.causality import keeps_rows_apart, whole_logits
from rankscope.weights.context_length import context_length

BATCH_TOKENS = 4096


@dataclass(frozen=True)
class Window:
    """Positions `begin:end` of a document's sequence are read; the last `counted` targets count.

    The window's inputs are the tokens `begin … end - 1`, its targets `begin + 1 … end`.
    """

    document: int
    begin: int
    end: int
    counted: int

    @property
    def length(self) -> int:
        """Number of input tokens."""
        return self.end - self.begin


@dataclass(frozen=True)
class Reading:
    """How a model reads: the most tokens in a window, and in a padded batch of windows.

    With 0 tokens every window is a batch of its own.
    """

    context: int
    batch_tokens: int


def reading_of(model: Any, sequences: Sequence[Sequence[int]]) -> Reading:
    """Return how `model` can read `sequences`: as far as it sees, in batches if that is safe.

    Raises:
        ModelError: the model does not compute with them.
    """
    context = context_length(model.config.to_dict()).least(BATCH_TOKENS)
    tried = [sequence[:context] for sequence in sequences if len(sequence) > 1]
    apart = not tried or keeps_rows_apart(model, tried)
    return Reading(context, BATCH_TOKENS if apart else 0)


def windows(document: int, targets: int, context: int) -> Iterator[Window]:
    """Cut a sequence of 1 + `targets` tokens so that each target is counted exactly once."""
    stride = max(1, context // 2)
    predicted = 0
    while predicted < targets:
        begin = max(0, predicted - (context - stride))
        end = min(targets, begin + context)
        yield Window(document, begin, end, end - predicted)
        predicted = end


def batches(cut: Sequence[Window], tokens: int) -> Iterator[list[Window]]:
    """Group windows, longest first, so that a padded batch has at most `tokens` tokens.

    A single window longer than that is a batch of its own.
    """
    batch: list[Window] = []
    # the sort is stable, and `cut` has a fixed order: the same batches every time
    for window in sorted(cut, key=lambda window: -window.length):
        if batch and (len(batch) + 1) * batch[0].length > tokens:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def encode(tokenizer: BaseTokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Tokenise texts as training does and put BOS (else EOS) in front of each."""
    encoder = tokenizer.encoder
    return [[encoder.first, *ids] for ids in encoder.encode(texts)]


def negative_log_likelihoods(
    model: Any,
    sequences: Sequence[Sequence[int]],
    context: int,
    advance: Callable[[int], None] = lambda documents: None,
    batch_tokens: int = BATCH_TOKENS,
) -> list[float]:
    """Return −Σ ln p(token | tokens before it) of every sequence, its first token not counted.

    `context` and `batch_tokens` are the most tokens of a window and of a padded batch of them
    (`reading_of`); `advance` is told how many further documents are finished after each batch.
    """
    import torch

    cut = [
        window
        for document, sequence in enumerate(sequences)
        for window in windows(document, len(sequence) - 1, context)
    ]
    nats = [0.0] * len(sequences)
    open_windows = [0] * len(sequences)
    for window in cut:
        open_windows[window.document] += 1
    with torch.inference_mode():
        for batch in batches(cut, batch_tokens):
            for window, loss in zip(batch, _losses(model, sequences, batch), strict=True):
                nats[window.document] += loss
                open_windows[window.document] -= 1
            touched = {window.document for window in batch}
            advance(sum(1 for document in touched if open_windows[document] == 0))
    return nats


def _losses(model: Any, sequences: Sequence[Sequence[int]], batch: list[Window]) -> list[float]:
    """Return the nats of the counted targets of each window; one forward pass."""
    import torch

    ids = torch.zeros(len(batch), batch[0].length + 1, dtype=torch.long)
    counted = torch.zeros(len(batch), batch[0].length, dtype=torch.bool)
    for row, window in enumerate(batch):
        read = sequences[window.document][window.begin : window.end + 1]
        ids[row, : len(read)] = torch.tensor(read)
        counted[row, window.length - window.counted : window.length] = True
    ids, counted = ids.to(model.device), counted.to(model.device)
    logits = whole_logits(model, ids[:, :-1])
    losses = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1).float(), ids[:, 1:].flatten(), reduction="none"
    ).view(counted.shape)
    # where, not a product: what stands on padding may be infinite
    return torch.where(counted, losses.double(), 0.0).sum(dim=1).tolist()
