"""The weights of a version of a model, and the tokenizer of its base, as evaluations use them.

Guarantees: text becomes the tokens that training makes of it (`text.tokenizer`), and tokens become
text as transformers decodes them. A version whose update is scaled is W + s · (W' − W), computed in
float32 from freshly read weights. Not here: how a step is read from files (`weights.steps`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rankscope.artefacts import layout
from rankscope.records.heads import Head
from rankscope.records.versions import Version
from rankscope.text.tokenizer import TextEncoder, load_encoder
from rankscope.weights.loading import read_tokenizer


@dataclass(frozen=True)
class BaseTokenizer:
    """The tokenizer of a base: encodes as training does, decodes as transformers does."""

    folder: Path
    decoder: Any

    @cached_property
    def encoder(self) -> TextEncoder:
        """Return the encoder of texts that end.

        Raises:
            ModelError: the tokenizer has no EOS token, as those of encoders have none.
        """
        return load_encoder(self.folder)

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
        ModelError: the folder holds none that can be read.
    """
    return BaseTokenizer(base, read_tokenizer(base))


def load_version(version: Version, head: Head) -> Any:
    """Return the model of a version under a head, in float32, ready for inference.

    Raises:
        ModelError: its weights are missing or unreadable, or do not fit its base.
    """
    from rankscope.weights.steps import load_step, refuse_unnamed_labels

    if version.is_published and version.folder is not None:
        refuse_unnamed_labels(version.folder, head)
    base = Path(layout.base_model(version.origin))
    model = load_step(base, version.folder, head)
    if version.scale != 1.0:
        _scale_update(model, load_step(base, None, head), version.scale)
    return model


def _scale_update(model: Any, base: Any, scale: float) -> None:
    """Set every weight W' of `model` to W + scale · (W' − W), with W that of `base`."""
    import torch

    origin = base.state_dict()
    with torch.no_grad():
        # each once, also where two names share one
        for name, weight in model.named_parameters():
            weight.copy_(torch.lerp(origin[name], weight, scale))
