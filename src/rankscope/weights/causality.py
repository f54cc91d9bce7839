"""Whether a model is a causal language model, and reads texts of a batch as it does each alone.

Guarantees: `refuse_foresight` and `keeps_rows_apart` try it on the loaded model; they draw no
random number and leave the model as it was. What is tried holds for models of the same
architecture. Not here: caches (`evaluate.trial`), packed rows (`train.leakage`).
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rankscope.errors import ModelError
from rankscope.foreign import doing

logger = logging.getLogger(__name__)

DIFFERENT = 0.003
"""Smallest difference that counts, as a share of what the text before the last token changes in its
logits. A cache that is ignored and padding that is seen differ by 0.03 to 1, other orders of
summation by 1e-6 (in the convolutions of a GPU by 1e-3)."""
ROUNDING = 1e-5
"""What float32 alone may change, as a share of the largest logit."""


def refuse_foresight(model: Any) -> None:
    """Refuse a model whose logits depend on later tokens: it has no likelihood of a text.

    Raises:
        ModelError: it is no causal language model, such as a BERT that is not a decoder.
    """
    import torch

    vocabulary = model.get_input_embeddings().weight.shape[0]
    ids = torch.arange(1, 9)[None] % vocabulary
    other = ids.clone()
    other[0, -1] = (other[0, -1] + 1) % vocabulary
    with at_rest(model):
        one, two = (whole_logits(model, text)[0].float() for text in (ids, other))
    seen, own = (float((one - two)[part].abs().max()) for part in (slice(-1), slice(-1, None)))
    if seen > DIFFERENT * own + ROUNDING * float(one.abs().max()):
        raise ModelError(
            f"{name_of(model)}: a {type(model).__name__} looks at the tokens that it is"
            f" to predict (another last token changes logits before it by up to {seen:.2g}), so"
            " that no likelihood, loss or answer of it means anything; take a causal language"
            " model, or write `is_decoder: true` in config.json if it was trained as one"
        )


@contextmanager
def at_rest(model: Any) -> Iterator[None]:
    """Try a model that is to be trained: without dropout or gradients, and left as it was.

    Layers of 4 bits are in training mode: on a CPU, bitsandbytes packs their weights anew, for
    good and less exactly, when they first compute in evaluation mode.
    """
    import torch

    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    for module, _ in modes:
        if type(module).__name__ == "Linear4bit":
            module.training = True
    try:
        # not inference_mode: what a model caches here has to serve training afterwards
        with torch.no_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training


def keeps_rows_apart(model: Any, texts: Sequence[Sequence[int]]) -> bool:
    """Say whether texts that are padded on the right in one batch have the logits of each alone."""
    import torch

    longest, shortest = max(texts, key=len), min(texts, key=len)
    if len(shortest) == len(longest):
        shortest = longest[: max(1, len(longest) // 2)]
    with torch.inference_mode():
        together = whole_logits(model, right_padded([longest, shortest])).float()
        for row, text in enumerate((longest, shortest)):
            alone = whole_logits(model, torch.tensor([list(text)]))[0].float()
            difference = float((together[row, : len(text)] - alone).abs().max())
            if difference > tolerance(model, text, alone[-1]):
                logger.warning(
                    "a model of type %s reads one text at a time: in a batch, logits differ by up"
                    " to %.2g from those of the text alone",
                    model.config.model_type,
                    difference,
                )
                return False
    return True


def tolerance(model: Any, text: Sequence[int], after: Any) -> float:
    """Return the largest difference of the logits `after` a text that is no fault."""
    import torch

    last = whole_logits(model, torch.tensor([[text[-1]]]))[0, -1].float()
    in_view = float((after - last).abs().max())
    return DIFFERENT * in_view + ROUNDING * float(after.abs().max())


def whole_logits(model: Any, ids: Any) -> Any:
    """Return the logits of every position of `ids`, of shape (texts, tokens), without a cache.

    Raises:
        ModelError: the model does not compute with them.
    """
    with doing(name_of(model), "the model does not read text", "take another base", ModelError):
        return model(input_ids=ids.to(model.device), use_cache=False).logits


def right_padded(texts: Sequence[Sequence[int]]) -> Any:
    """Return ids of shape (texts, longest text); what pads them is any token."""
    import torch

    ids = torch.zeros(len(texts), max(map(len, texts)), dtype=torch.long)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor(text)
    return ids


def name_of(model: Any) -> str:
    """What a message calls a model: its folder, or its type."""
    return str(model.config.name_or_path or model.config.model_type)
