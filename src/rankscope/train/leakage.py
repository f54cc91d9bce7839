"""Whether a base keeps the examples of a shared row apart, found by trying it.

Guarantees: `refuse_leaks` compares an example behind another with the same example alone, in the
model that is about to be trained; it draws no random number and leaves the model as it was, so that
a run is the same to the bit with and without it.

Why it is tried: what keeps examples apart is a mask that transformers builds from positions that
start anew. Llama, Mistral, Qwen2, Gemma2, Phi, GPT-2, GPT-J and GPT-NeoX get one; OPT, Falcon,
BLOOM, MPT and recurrent models read the positions otherwise or not at all, and say nothing.
Not here: documents that share a sequence (`data.encodings.sequences`), across whose borders
attention goes on purpose.
"""

from typing import Any

import torch

from rankscope.errors import ModelError
from rankscope.foreign import doing
from rankscope.weights.causality import at_rest

TOKENS = 8
LEAK = 0.1
"""Smallest leak, as a share of what a neighbour in full view changes: 0.3 to 1 where there is no
mask; 1e-5 where there is one, and about 0.01 if the base computes in bfloat16."""
ROUNDING = 1e-5
"""What float32 alone may change, as a share of the largest logit: for neighbours that count for
hardly anything."""

_ADVICE = "write `packing: length-grouped` in the recipe"


def refuse_leaks(model: Any, run: str) -> None:
    """Let two examples of 8 tokens share a row, and refuse a model whose second sees the first.

    With the logits of the second alone, behind the first with positions that start anew, and behind
    it as one text: the leak is max |apart - alone|, against max |one text - alone|.

    Raises:
        ModelError: they see each other; says what to write instead.
    """
    vocabulary = model.get_input_embeddings().weight.shape[0]
    ids = torch.arange(1, 2 * TOKENS + 1, device=model.device)[None] % vocabulary
    positions = torch.arange(TOKENS, device=model.device).repeat(1, 2)
    kind = model.config.model_type
    with at_rest(model):
        alone = model(input_ids=ids[:, TOKENS:]).logits
        one_text = model(input_ids=ids).logits[:, TOKENS:]
        with doing(run, f"a base of type {kind} takes no positions", _ADVICE, ModelError):
            apart = model(input_ids=ids, position_ids=positions).logits[:, TOKENS:]
    leak = float((apart - alone).abs().max())
    in_view = float((one_text - alone).abs().max())
    if leak > LEAK * in_view + ROUNDING * float(alone.abs().max()):
        raise ModelError(
            f"{run}: a base of type {kind} does not keep examples that share a row apart: behind"
            f" another one, an example's logits differ by up to {leak:.2g} from those it has alone."
            f" `packing: exact`, the default, would train on mixed-up examples; {_ADVICE}"
        )
