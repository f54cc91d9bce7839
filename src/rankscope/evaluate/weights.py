"""The model of one step: the base, the base with an adapter merged into it, or a full checkpoint.

Guarantees: every step starts from freshly read weights, so nothing of one step reaches the next;
an adapter is added in float32 (an update of a few low ranks is below the resolution of bfloat16);
an adapter that does not fit the base tensor by tensor is refused, where peft only warns. A base
that is stored quantised is brought back to float32 before the adapter is added: these are the
weights it was trained on, and merging into packed ones would round the update away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rankscope.errors import ModelError
from rankscope.foreign import check_regular, reading
from rankscope.text.tokenizer import TextEncoder, load_encoder
from rankscope.weights.loading import read_model, read_tokenizer

ADAPTER = "adapter_config.json"


@dataclass(frozen=True)
class BaseTokenizer:
    """The tokenizer of a base: encodes as training does, decodes as transformers does."""

    encoder: TextEncoder
    decoder: Any

    @property
    def eos_token_id(self) -> int:
        """Id of the token with which training ends documents and answers."""
        return self.encoder.end_of_text

    def decode(self, tokens: Sequence[int], **options: bool) -> str:
        """Return the text of tokens, with the options of transformers' `decode`."""
        text: str = self.decoder.decode(tokens, **options)
        return text


def load_tokenizer(base: Path) -> BaseTokenizer:
    """Read the tokenizer of the base.

    Raises:
        ModelError: the folder holds none that can be read, or it has no EOS token.
    """
    return BaseTokenizer(load_encoder(base), read_tokenizer(base))


def load_step(base: Path, step: Path | None) -> Any:
    """Return the causal language model of a step in float32, ready for inference.

    `step` is a folder with a peft adapter or a full checkpoint in the Hugging Face layout; None
    stands for the base. The model lies on the GPU where there is one.

    Raises:
        ModelError: a folder is missing or unreadable, or the adapter does not fit the base.
    """
    import torch

    if step is None:
        model = _load_model(base)
    elif (step / ADAPTER).exists():
        model = _merge(_load_model(base), step)
    else:
        model = _load_model(step)
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def _load_model(folder: Path) -> Any:
    import torch

    model = read_model(folder, dtype=torch.float32)
    if getattr(model, "is_loaded_in_4bit", False):
        from rankscope.weights.four_bit import dequantised

        return dequantised(model, folder)
    return model


def _merge(model: Any, adapter: Path) -> Any:
    """Add the adapter's update to the weights of `model`: W + (alpha / r) B A."""
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors import safe_open

    # without it peft would open a pickle
    check_regular(adapter / "adapter_model.safetensors", ModelError)
    with reading(adapter, "this adapter", "train the run again", ModelError):
        with_adapter = PeftModel.from_pretrained(model, adapter)
    expected = set(get_peft_model_state_dict(with_adapter))
    with safe_open(adapter / "adapter_model.safetensors", "pt") as file:
        stored = set(file.keys())
    if expected != stored:
        example = sorted(expected ^ stored)[0]
        raise ModelError(
            f"{adapter}: the adapter does not fit the base: {len(stored - expected)} of its"
            f" tensors have no place, {len(expected - stored)} places stay empty, such as"
            f" {example}; was it trained on another base?"
        )
    return with_adapter.merge_and_unload()
