"""Text to token ids with the tokenizer of a model folder: the one way for every stage.

Guarantees: training, generating and measuring encode alike, and text is text: one that spells a
control token (`</s>`, `<|endoftext|>`, whatever the folder declares special) is encoded as its
letters are, and never becomes that token. Control tokens come in by id alone: those that the
tokenizer's own template puts around a text, and the one that ends it. Added tokens that are not
special are words of the vocabulary, as they were when the model was trained.

Reads `tokenizer.json` with the `tokenizers` library, which starts at once; a folder without it goes
through transformers, which takes seconds to import.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankscope.errors import ModelError
from rankscope.foreign import read_json_object, reading
from rankscope.weights.loading import read_tokenizer

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Encode = Callable[[Sequence[str]], list[list[int]]]

_SETTINGS = ("tokenizer_config.json", "special_tokens_map.json")
_LISTS = ("additional_special_tokens", "extra_special_tokens")
# models that look up whole pieces; the others build theirs of letters, which are text
_PIECES = ("Unigram", "WordLevel", "WordPiece")
_UNSPELLABLE = "\U0010ffff"


class TextTokenizer:
    """A tokenizer that knows no control token by its spelling."""

    def __init__(self, tokenizer: "Tokenizer", named: frozenset[str] = frozenset()) -> None:
        """Take over a tokenizer.

        Args:
            tokenizer: as read from `tokenizer.json`; it is not changed.
            named: control tokens beside those that it declares special itself.
        """
        from tokenizers import Tokenizer

        content = json.loads(tokenizer.to_str())
        added = content["added_tokens"]
        control = [token for token in added if token["special"] or token["content"] in named]
        self._ids = {token["content"]: int(token["id"]) for token in control}
        for token in control:
            token["special"] = True
        _hide(content["model"], control)
        self._tokenizer = Tokenizer.from_str(json.dumps(content))
        self._tokenizer.encode_special_tokens = True
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def encode(self, text: str, framed: bool = True) -> "Encoding":
        """Encode a text; `framed` with the tokens that the tokenizer puts around one."""
        return self._tokenizer.encode(text, add_special_tokens=framed)

    def encode_pair(self, first: str, second: str | None, limit: int) -> "Encoding":
        """Encode one text or two, framed, in at most `limit` tokens.

        Of a longer one the end of its longer text is left out (in the encoding's `overflowing`).
        """
        self._tokenizer.enable_truncation(limit, strategy="longest_first")
        try:
            return self._tokenizer.encode(first, second)
        finally:
            self._tokenizer.no_truncation()

    def encode_batch(self, texts: Sequence[str], framed: bool = False) -> list[list[int]]:
        """Return the ids of several texts, with nothing around them unless `framed`."""
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=framed)
        return [encoding.ids for encoding in encodings]

    def id_of(self, token: str | None) -> int | None:
        """Return the id of a token, a control token included; None if there is none."""
        if token is None:
            return None
        found = self._ids.get(token)
        return self._tokenizer.token_to_id(token) if found is None else found


@dataclass(frozen=True)
class TextEncoder:
    """Encodes texts as they are trained on, answered and measured.

    `encode` puts nothing around a text; `framed` puts there what the tokenizer does, such as a
    first token. `end_of_text` ends a document, `first` stands before the first token of a text
    whose every token is to be predicted: the tokenizer's BOS, or else its EOS.
    """

    encode: Encode
    framed: Callable[[str], list[int]]
    end_of_text: int
    first: int

    def documents(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode whole documents, each ended by the end-of-text token."""
        return [[*tokens, self.end_of_text] for tokens in self.encode(texts)]


def load_encoder(model: Path) -> TextEncoder:
    """Load the encoder of a model folder.

    Raises:
        ModelError: the folder has no tokenizer, or none with an end-of-text token.
    """
    tokenizer = load_text_tokenizer(model)
    if tokenizer is None:
        return _slow(model)
    return encoder_of(
        tokenizer,
        end_of_text=_known(tokenizer.id_of(_named_token(model, "eos_token")), model),
        begin_of_text=tokenizer.id_of(_named_token(model, "bos_token")),
    )


def load_framing(model: Path) -> Encode:
    """Load the encoder of an encoder's documents: each with what its tokenizer puts around a text.

    Raises:
        ModelError: the folder has no such tokenizer, none that frames, or none that masks.
    """
    tokenizer = load_text_tokenizer(model)
    if tokenizer is None:
        raise ModelError(
            f"{model}: its tokenizer is written in Python; save the model's fast tokenizer there"
            " (tokenizer.json)"
        )
    if not tokenizer.encode("").ids:
        raise ModelError(
            f"{model}: the tokenizer puts no token around a text, so that nothing would stand"
            " between documents; take the tokenizer that belongs to the model"
        )
    if tokenizer.id_of(_named_token(model, "mask_token")) is None:
        raise ModelError(
            f"{model}: the tokenizer has no token that masks (mask_token in tokenizer_config.json),"
            " with which a masked language model is trained"
        )
    return partial(tokenizer.encode_batch, framed=True)


def encoder_of(
    tokenizer: TextTokenizer, end_of_text: int, begin_of_text: int | None = None
) -> TextEncoder:
    """Return the encoder of a tokenizer with these control tokens."""
    return TextEncoder(
        encode=tokenizer.encode_batch,
        framed=lambda text: tokenizer.encode(text).ids,
        end_of_text=end_of_text,
        first=end_of_text if begin_of_text is None else begin_of_text,
    )


def load_text_tokenizer(model: Path) -> TextTokenizer | None:
    """Load the tokenizer of a model folder; None for one that is not of the tokenizers library.

    Raises:
        ModelError: there is none, or it cannot be read.
    """
    from tokenizers import Tokenizer

    file = model / "tokenizer.json"
    advice = "save the model's fast tokenizer there again"
    if file.exists():
        read_json_object(file, ModelError)
        with reading(file, "this tokenizer", advice, ModelError):
            tokenizer = Tokenizer.from_file(str(file))
    else:
        backend: object = getattr(read_tokenizer(model), "backend_tokenizer", None)
        if not isinstance(backend, Tokenizer):
            return None
        tokenizer = backend
    return TextTokenizer(tokenizer, frozenset(_named_tokens(model)))


def _hide(model: dict[str, Any], control: list[dict[str, Any]]) -> None:
    """Rename control tokens in the vocabulary of a model that would find them as whole pieces.

    Renamed and not taken out, there and in `control`: ids of other tokens depend on their number.
    """
    if model["type"] not in _PIECES:
        return
    # a token of one letter, such as `!` for padding, is that letter, too
    hidden = {
        token["content"]: f"{_UNSPELLABLE}{token['content']}"
        for token in control
        if len(token["content"]) > 1
    }
    for token in control:
        token["content"] = hidden.get(token["content"], token["content"])
    if model["type"] == "Unigram":
        model["vocab"] = [[hidden.get(piece, piece), score] for piece, score in model["vocab"]]
        return
    model["vocab"] = {hidden.get(piece, piece): number for piece, number in model["vocab"].items()}
    model["unk_token"] = hidden.get(model["unk_token"], model["unk_token"])


def _settings(model: Path) -> Iterator[dict[str, Any]]:
    for name in _SETTINGS:
        if (model / name).exists():
            yield read_json_object(model / name, ModelError)


def _text_of(token: Any) -> str | None:
    """Return the text of a token as the settings write it: alone, or with its properties."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) else None


def _named_token(model: Path, name: str) -> str | None:
    """Return the text of a token that has a role, None if the tokenizer has none of that role."""
    for settings in _settings(model):
        if name in settings:
            return _text_of(settings[name])
    # some classes of transformers have such a token without saying so
    try:
        return _text_of(getattr(read_tokenizer(model), name))
    except ModelError:
        return None


def _named_tokens(model: Path) -> Iterator[str]:
    """Yield the texts of all tokens that the settings give a role or declare special."""
    for settings in _settings(model):
        tokens = [value for key, value in settings.items() if key.endswith("_token")]
        for key in _LISTS:
            listed = settings.get(key) or []
            tokens += listed.values() if isinstance(listed, dict) else listed
        declared = settings.get("added_tokens_decoder") or {}
        tokens += [token for token in declared.values() if token.get("special")]
        yield from filter(None, map(_text_of, tokens))


def _slow(model: Path) -> TextEncoder:
    """Make the encoder of a tokenizer written in Python."""
    tokenizer = read_tokenizer(model)

    def encode(texts: Sequence[str], framed: bool = False) -> list[list[int]]:
        return tokenizer(
            list(texts),
            add_special_tokens=framed,
            split_special_tokens=True,
            return_attention_mask=False,
            verbose=False,
        )["input_ids"]

    end_of_text, begin = _known(tokenizer.eos_token_id, model), tokenizer.bos_token_id
    return TextEncoder(
        encode=encode,
        framed=lambda text: encode([text], framed=True)[0],
        end_of_text=end_of_text,
        first=end_of_text if begin is None else begin,
    )


def _known(token: int | None, model: Path) -> int:
    if token is None:
        raise ModelError(
            f"{model}: the tokenizer has no end-of-text token (eos_token in tokenizer_config.json),"
            " which stands between documents and behind answers"
        )
    return token
