"""Checks of the base: is it there, is it whole, is it of the right kind.

Guarantees: whatever `config.json`, the headers of the weights and the tokenizer can tell is told
here, without importing torch or transformers, but for tokenizers of the old kind.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rankscope.check.shapes import base_folder
from rankscope.check.subject import Subject
from rankscope.errors import ModelError
from rankscope.foreign import read_json_object
from rankscope.hub import Repository, not_cached, offline
from rankscope.records.bases import HubBase, LocalBase
from rankscope.records.heads import Head
from rankscope.records.record import LARGEST
from rankscope.studies.embedded import EmbeddedBase
from rankscope.studies.mistakes import shown
from rankscope.studies.source import Mistake, Place
from rankscope.text.pairs import load_pair_encoder
from rankscope.text.tokenizer import load_encoder, load_framing
from rankscope.weights.architectures import (
    CAUSAL,
    CLASSIFIERS,
    NEED_IS_DECODER,
    known_types,
    types_in,
)
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


def has_the_head(subject: Subject) -> Iterator[Mistake]:
    """The base is of the kind of model that is trained and asked."""
    place, config = _written_as(subject), subject.config
    wrong = None if config is None else _wrong(subject, config)
    if wrong:
        yield Mistake(place, f"{shown(subject.source.value(place))} {wrong}")


def _heads(subject: Subject) -> Iterator[tuple[Head | None, str]]:
    """Yield the heads that a study asks for, with what asks; None: the base's own, for text."""
    for _, each in subject.evaluations():
        yield each.head, f"the evaluation {each.name} ({each.kind})"
    for data in {run.data.name: run.data for run in subject.study.runs}.values():
        yield data.head, f"training on {subject.label(data)}"


def _needed(subject: Subject) -> Head:
    """The head that asks most of the base: a causal one, the base's own for text, a classifier."""
    asked = [head or subject.text_head for head, _ in _heads(subject)]
    order = ("causal-lm", "masked-lm", "classifier")
    return min(asked, key=lambda head: order.index(head.kind))


def _wrong(subject: Subject, config: dict[str, Any]) -> str | None:
    """Say why a configuration is of no model with the head that the study asks for."""
    needed = _needed(subject)
    if needed.kind == "classifier":
        return _no_classifier(config)
    if needed.kind == "masked-lm":
        return _unknown(str(config.get("model_type")), config)
    text = _no_causal_model(config)
    if text is None or subject.text_head.looks_back:
        return text
    asks = next(what for head, what in _heads(subject) if head is not None and head.looks_back)
    return f"{text}. Documents can be trained on it, and labelled text, but {asks} continues text"


def sizes(subject: Subject) -> Iterator[Mistake]:
    """What `config.json` says of the sizes of a model are sizes."""
    place, config = _written_as(subject), subject.config or {}
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
    place, config = _written_as(subject), subject.config
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
    place, folder, config = _written_as(subject), base_folder(subject.study.base), subject.config
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
        needed = _needed(subject)
        if needed.kind == "causal-lm":
            load_encoder(folder)
        elif needed.kind == "masked-lm":
            load_framing(folder)
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
