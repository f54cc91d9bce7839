"""The tokenizer of a base, as evaluations use it: it encodes as training does.

Guarantees: text becomes the tokens that training makes of it (`text.tokenizer`), and tokens become
text as transformers decodes them. Not here: the model of a step (`weights.steps`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

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
