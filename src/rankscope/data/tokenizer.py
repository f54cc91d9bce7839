"""Text to token ids with the tokenizer of a model folder.

Guarantees: text is encoded as text, so that a document that quotes `<|endoftext|>` does not end
there; no special tokens are added. Reads `tokenizer.json` with the `tokenizers` library, which
starts at once; a folder without it goes through transformers, which takes seconds to import.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rankscope.errors import ModelError
from rankscope.loading import read_tokenizer

Encode = Callable[[Sequence[str]], list[list[int]]]


@dataclass(frozen=True)
class TextEncoder:
    """Encodes batches of texts; `end_of_text` is the id of the token that ends a document."""

    encode: Encode
    end_of_text: int


def load_encoder(model: Path) -> TextEncoder:
    """Load the tokenizer of a model folder.

    Raises:
        ModelError: the folder has no tokenizer, or none with an end-of-text token.
    """
    if (model / "tokenizer.json").exists():
        return _fast(model)
    return _slow(model)


def _fast(model: Path) -> TextEncoder:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True

    def encode(texts: Sequence[str]) -> list[list[int]]:
        encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    token = _end_of_text_token(model)
    return TextEncoder(encode, _known(tokenizer.token_to_id(token) if token else None, model))


def _end_of_text_token(model: Path) -> str | None:
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        path = model / name
        if path.exists():
            token = json.loads(path.read_text("utf-8")).get("eos_token")
            if token:
                return token["content"] if isinstance(token, dict) else token
    return None


def _slow(model: Path) -> TextEncoder:
    tokenizer = read_tokenizer(model)

    def encode(texts: Sequence[str]) -> list[list[int]]:
        return tokenizer(
            list(texts),
            add_special_tokens=False,
            split_special_tokens=True,
            return_attention_mask=False,
        )["input_ids"]

    return TextEncoder(encode, _known(tokenizer.eos_token_id, model))


def _known(token: int | None, model: Path) -> int:
    if token is None:
        raise ModelError(
            f"{model}: the tokenizer has no end-of-text token (eos_token in tokenizer_config.json),"
            " which packing puts between documents"
        )
    return token
