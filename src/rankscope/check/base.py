"""Checks of the base: is it there, is it whole, is it of the right kind.

Guarantees: whatever `config.json`, the headers of the weights and the tokenizer can tell is told
here, without importing torch or transformers, but for tokenizers of the old kind.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rankscope.check.architectures import (
    CAUSAL,
    CLASSIFIERS,
    NEED_IS_DECODER,
    known_types,
    types_in,
)
from rankscope.check.shapes import base_folder
from rankscope.check.subject import Subject
from rankscope.errors import ModelError
from rankscope.foreign import read_json_object
from rankscope.hub import Repository, not_cached, offline
from rankscope.records.bases import HubBase, LocalBase
from rankscope.records.record import LARGEST
from rankscope.studies.embedded import EmbeddedBase
from rankscope.studies.mistakes import shown
from rankscope.studies.source import Mistake, Place
from rankscope.text.pairs import load_pair_encoder
from rankscope.text.tokenizer import load_encoder
from rankscope.weights.context_length import text_part

_NO_CAUSAL_MODELS = (
    "ForMaskedLM",
    "ForSequenceClassification",
    "ForTokenClassification",
    "ForQuestionAnswering",
    "ForMultipleChoice",
)
_ALLOWED = "allowed: causal language models (…ForCausalLM)"
_ALLOWED_CLASSIFIERS = "allowed: encoders and decoders with a …ForSequenceClassification"


def base_is_there(subject: Subject) -> Iterator[Mistake]:
    """A local base is complete; a hub base can be reached."""
    base = subject.study.base
    if isinstance(base, LocalBase):
        from rankscope.weights.model_folder import verify

        try:
            verify(Path(base.path))
        except ModelError as error:
            text = f"{shown(base.path)} cannot be used: {error}{subject.path_hint(base.path)}"
            yield Mistake(("base", "path"), text)
    elif isinstance(base, HubBase) and offline() and not _has_weights(base):
        repository = Repository("model", base.repository, base.revision)
        yield Mistake(("base", "repository"), not_cached(repository))


def _has_weights(base: HubBase) -> bool:
    folder = base_folder(base)
    return folder is not None and any(folder.glob("*.safetensors"))


def _written_as(subject: Subject) -> Place:
    """Where the file says which base it is."""
    return ("base", "path" if isinstance(subject.study.base, LocalBase) else "repository")


def _config(subject: Subject) -> dict[str, Any] | None:
    """The configuration of the base, where it can be read; `base_is_there` says why if not."""
    folder = base_folder(subject.study.base)
    if folder is None:
        return None
    try:
        return read_json_object(folder / "config.json", ModelError)
    except ModelError:
        return None


def causal_language_model(subject: Subject) -> Iterator[Mistake]:
    """The base was made to continue text, where that is trained; where not, it can classify."""
    place, config = _written_as(subject), _config(subject)
    wrong = None if config is None else _wrong(subject, config)
    if wrong:
        yield Mistake(place, f"{shown(subject.source.value(place))} {wrong}")


def _continues_text(subject: Subject) -> bool:
    """Whether the base is to be a causal language model, for a run or an evaluation."""
    trained = {run.data.head.looks_back for run in subject.study.runs}
    return True in trained | {each.head.looks_back for _, each in subject.evaluations()}


def _wrong(subject: Subject, config: dict[str, Any]) -> str | None:
    """Say why a configuration is of no model with the head that the study asks for."""
    if _continues_text(subject):
        return _no_causal_model(config)
    return _no_classifier(config)


def sizes(subject: Subject) -> Iterator[Mistake]:
    """What `config.json` says of the sizes of a model are sizes."""
    place, config = _written_as(subject), _config(subject) or {}
    text = text_part(config)
    for key in _SIZES:
        size = text.get(key)
        if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
            yield Mistake(
                place,
                f"{shown(subject.source.value(place))} has `{key}: {shown(size)}` in config.json;"
                " allowed: a whole number above 0; fetch the file again",
            )


_SIZES = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads")


def _no_causal_model(config: dict[str, Any]) -> str | None:
    """Say why a configuration is of no causal language model that transformers has."""
    kind, causal = config.get("model_type"), types_in(CAUSAL)
    if not isinstance(kind, str):
        return None
    classes = config.get("architectures")
    named = [str(name) for name in classes] if isinstance(classes, list) else []
    foreign = [name for name in named if name.endswith(_NO_CAUSAL_MODELS)]
    if foreign:
        return f"is a {foreign[0]}; {_ALLOWED}"
    unknown = _unknown(kind, config)
    if unknown:
        return unknown
    if config.get("is_encoder_decoder") is True:
        return f"is an encoder-decoder ({kind}), which has no likelihood of a text; {_ALLOWED}"
    if causal is not None and kind not in causal:
        return f"is of a type ({kind}) without a causal language model in transformers; {_ALLOWED}"
    if kind in NEED_IS_DECODER and config.get("is_decoder") is not True:
        return (
            f"is an encoder ({kind}): each token sees those after it, which a causal language model"
            f" is to predict; {_ALLOWED}, or write `is_decoder: true` in its config.json if it was"
            " trained as a decoder"
        )
    return None


def _no_classifier(config: dict[str, Any]) -> str | None:
    """Say why a configuration is of no model that transformers makes a classifier of."""
    kind, classifiers = config.get("model_type"), types_in(CLASSIFIERS)
    if not isinstance(kind, str):
        return None
    unknown = _unknown(kind, config)
    if unknown:
        return unknown
    if config.get("is_encoder_decoder") is True:
        return f"is an encoder-decoder ({kind}); {_ALLOWED_CLASSIFIERS}"
    if classifiers is not None and kind not in classifiers:
        return f"is of a type ({kind}) without a classifier in transformers; {_ALLOWED_CLASSIFIERS}"
    return None


def _unknown(kind: str, config: dict[str, Any]) -> str | None:
    """Say that the installed transformers does not know a type of model."""
    known = known_types()
    if known is not None and kind not in known:
        if config.get("auto_map"):
            return (
                f"needs code of its own (`auto_map` in config.json; transformers knows no {kind}),"
                " and rankscope runs no code that comes with a model; allowed: a model whose"
                " `model_type` the installed transformers knows"
            )
        return (
            f"is of a type that the installed transformers does not know ({kind}); allowed: a type"
            " that it knows, or install a newer transformers"
        )
    return None


def not_quantised(subject: Subject) -> Iterator[Mistake]:
    """The base is in floating point: what is rounded already cannot be fine-tuned as a whole."""
    place, config = _written_as(subject), _config(subject)
    parts = (config or {}, text_part(config or {}))
    scheme = next((part[key] for part in parts for key in _QUANTISED if part.get(key)), None)
    if scheme is None:
        return
    method = scheme.get("quant_method") if isinstance(scheme, dict) else None
    yield Mistake(
        place,
        f"{shown(subject.source.value(place))} is quantised ({method or 'see its config.json'});"
        " allowed: a model in floating point. An adapter is trained on it in 4 bits where its block"
        " has `quantisation: nf4`",
    )


_QUANTISED = ("quantization_config", "compression_config")


def tokenizer(subject: Subject) -> Iterator[Mistake]:
    """Every token has an embedding; the tokenizer can be read and has an end-of-text token."""
    place, folder, config = _written_as(subject), base_folder(subject.study.base), _config(subject)
    if folder is None or config is None or _wrong(subject, config):
        return  # not there yet, or another base is needed anyhow
    if not any((folder / name).exists() for name in _TOKENIZERS):
        return  # for `base_is_there` to say
    size, highest = text_part(config).get("vocab_size"), highest_token(folder / "tokenizer.json")
    if isinstance(size, int) and highest is not None and highest >= size:
        yield Mistake(
            place,
            f"{shown(subject.source.value(place))} has a tokenizer whose highest token is {highest}"
            f" and a model with `vocab_size: {size}`; allowed: tokens below {size}; take the"
            " tokenizer that belongs to the model",
        )
        return
    try:
        if _continues_text(subject):
            load_encoder(folder)
        else:
            load_pair_encoder(folder, LARGEST)
    except ModelError as error:
        yield Mistake(place, f"{shown(subject.source.value(place))} cannot be used: {error}")


_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json")


def highest_token(path: Path) -> int | None:
    """Return the highest token id of a `tokenizer.json`; None where it is not as it should be."""
    try:
        content = read_json_object(path, ModelError)
    except ModelError:
        return None
    model, added = content.get("model"), content.get("added_tokens")
    words = model.get("vocab") if isinstance(model, dict) else None
    ids: list[Any] = list(words.values()) if isinstance(words, dict) else []
    if isinstance(words, list):
        ids = [len(words) - 1]
    if isinstance(added, list):
        ids += [token.get("id") for token in added if isinstance(token, dict)]
    return max((token for token in ids if isinstance(token, int)), default=None)


def embedded_base(subject: Subject) -> Iterator[Mistake]:
    """Attention heads share the hidden size, and rotary positions need even heads."""
    base = subject.file.base
    if not isinstance(base, EmbeddedBase):
        return
    if base.hidden_size % (2 * base.heads):
        allowed = [str(n) for n in range(1, 65) if base.hidden_size % (2 * n) == 0]
        yield Mistake(
            ("base", "heads"),
            f"{base.heads} heads do not divide `hidden_size: {base.hidden_size}` into parts of"
            f" even size; allowed: {', '.join(allowed) or 'none: make hidden_size even'}",
        )
