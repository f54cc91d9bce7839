"""In which way a model can be decoded, found by trying it.

Guarantees: the way of batching and caching that is used gives the logits that the model has for
each whole text alone, tried on the loaded model with the longest and shortest of the texts that
follow. Draws no random number and leaves the model as it was.

Why it is tried: models with recurrent states (RWKV, Mamba, linear attention, hybrids) take the
arguments of a cache and of a mask and say nothing where they do not use them; families differ, and
so do their versions. Not here: whether it is causal (`causality`), packed
rows in training (`train.leakage`).
"""

import logging
from collections.abc import Sequence
from math import inf, isfinite
from typing import Any

from rankscope.errors import ModelError
from rankscope.evaluate.decoding import WAYS, Way
from rankscope.weights.causality import tolerance, whole_logits

logger = logging.getLogger(__name__)

STEPS = 3


def way_to_decode(model: Any, texts: Sequence[Sequence[int]], steps: int = STEPS) -> Way:
    """Return the fastest way in which `model` goes on with texts as it does with each alone.

    Tried are the longest text, the same in another order, and the shortest, each gone on with for
    `steps` tokens; the first leaves the batch after the second token.

    Raises:
        ModelError: the model does not compute with the texts.
    """
    import torch

    longest, shortest = max(texts, key=len), min(texts, key=len)
    if len(shortest) == len(longest):
        shortest = longest[len(longest) // 2 :]
    tried = [list(longest), [*longest[1:], longest[0]], list(shortest)]
    with torch.inference_mode():
        wanted = [_next_logits(model, text, steps) for text in tried]
        limits = [
            tolerance(model, text, after[0]) for text, after in zip(tried, wanted, strict=True)
        ]
        if not all(map(isfinite, limits)):
            return WAYS[0]  # what is not a number comes out of every way
        for way in WAYS:
            if _difference(model, way, tried, wanted, steps) <= max(limits):
                break
    if way is not WAYS[0]:
        logger.warning(
            "a model of type %s answers %s: only so its answers are those to each prompt alone",
            model.config.model_type,
            way.description,
        )
    return way


def _next_logits(model: Any, text: list[int], steps: int) -> Any:
    """Return the logits after the text and after each but the last of its tokens, read alone."""
    import torch

    whole = [*text, *_continuation(text, steps)]
    return whole_logits(model, torch.tensor([whole]))[0, len(text) - 1 :].float()


def _continuation(text: list[int], steps: int) -> list[int]:
    """Return what a text is gone on with: `steps` - 1 tokens of its own."""
    return [text[number % len(text)] for number in range(steps - 1)]


def _difference(
    model: Any, way: Way, tried: list[list[int]], wanted: list[Any], steps: int
) -> float:
    """Return how far the logits of a way are from those wanted; infinite if it does not work."""
    import torch

    texts = {"mixed": tried, "equal": tried[:2], "single": tried[:1]}[way.batch]
    decoder, rows = way.decoder(model), list(range(len(texts)))
    continuations = [_continuation(text, steps) for text in texts]
    found = 0.0
    try:
        logits = decoder.start(texts)
        for step in range(steps):
            for place, row in enumerate(rows):
                difference = float((logits[place].float() - wanted[row][step]).abs().max())
                found = max(found, difference) if isfinite(difference) else inf
            if step == steps - 1:
                break
            leaving = 1 if step == 1 and len(rows) > 1 else 0
            rows = rows[leaving:]
            logits = decoder.go_on(
                torch.arange(leaving, leaving + len(rows), device=logits.device),
                torch.tensor([continuations[row][step] for row in rows], device=logits.device),
            )
    except ModelError as error:
        logger.info("not %s: %s", way.description, error)
        return inf
    return found
