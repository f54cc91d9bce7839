"""Checks of the base: is it there, is it whole, is it of the right kind."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rankscope.errors import ModelError
from rankscope.study.checks.hub import not_cached, offline
from rankscope.study.checks.subject import Subject
from rankscope.study.mistakes import shown
from rankscope.study.shapes import base_folder
from rankscope.study.source import Mistake, Place
from rankscope.study.specs import EmbeddedBase, HubBase, LocalBase

_NO_CAUSAL_MODELS = (
    "ForMaskedLM",
    "ForSequenceClassification",
    "ForTokenClassification",
    "ForQuestionAnswering",
    "ForMultipleChoice",
)


def base_is_there(subject: Subject) -> Iterator[Mistake]:
    """A local base is complete; a hub base can be reached."""
    base = subject.study.base
    if isinstance(base, LocalBase):
        from rankscope.base.model_folder import verify

        try:
            verify(Path(base.path))
        except ModelError as error:
            text = f"{shown(base.path)} cannot be used: {error}{subject.path_hint(base.path)}"
            yield Mistake(("base", "path"), text)
    elif isinstance(base, HubBase) and offline() and not _has_weights(base):
        yield Mistake(("base", "repository"), not_cached(base.repository, base.revision))


def _has_weights(base: HubBase) -> bool:
    folder = base_folder(base)
    return folder is not None and any(folder.glob("*.safetensors"))


def _written_as(subject: Subject) -> Place:
    """Where the file says which base it is."""
    return ("base", "path" if isinstance(subject.study.base, LocalBase) else "repository")


def causal_language_model(subject: Subject) -> Iterator[Mistake]:
    """The base was made to continue text, not to classify it or to fill gaps."""
    place, folder = _written_as(subject), base_folder(subject.study.base)
    if folder is None:
        return
    try:
        classes = json.loads((folder / "config.json").read_text("utf-8")).get("architectures") or []
    except (OSError, ValueError):
        return  # that is for `base_is_there` to say
    foreign = [str(name) for name in classes if str(name).endswith(_NO_CAUSAL_MODELS)]
    if foreign:
        yield Mistake(
            place,
            f"{shown(subject.source.value(place))} is a {foreign[0]}; allowed: causal language"
            " models (…ForCausalLM)",
        )


def not_quantised(subject: Subject) -> Iterator[Mistake]:
    """The base is in floating point: what is rounded already cannot be fine-tuned as a whole."""
    place, folder = _written_as(subject), base_folder(subject.study.base)
    if folder is None:
        return
    try:
        scheme = json.loads((folder / "config.json").read_text("utf-8"))["quantization_config"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # in floating point, or for `base_is_there` to say
    method = scheme.get("quant_method") if isinstance(scheme, dict) else None
    yield Mistake(
        place,
        f"{shown(subject.source.value(place))} is quantised ({method or 'see its config.json'});"
        " allowed: a model in floating point. An adapter is trained on it in 4 bits where its block"
        " has `quantisation: nf4`",
    )


def vocabulary(subject: Subject) -> Iterator[Mistake]:
    """Every token of the base's tokenizer has an embedding."""
    place, folder = _written_as(subject), base_folder(subject.study.base)
    if folder is None:
        return
    try:
        size = json.loads((folder / "config.json").read_text("utf-8"))["vocab_size"]
        highest = highest_token(json.loads((folder / "tokenizer.json").read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return  # not there or of another kind: that is for the base stage to say
    if highest >= size:
        yield Mistake(
            place,
            f"{shown(subject.source.value(place))} has a tokenizer whose highest token is {highest}"
            f" and a model with `vocab_size: {size}`; allowed: tokens below {size}; take the"
            " tokenizer that belongs to the model",
        )


def highest_token(tokenizer: dict[str, Any]) -> int:
    """Return the highest token id of a `tokenizer.json`."""
    words = tokenizer["model"]["vocab"]
    ids = list(words.values()) if isinstance(words, dict) else [len(words) - 1]
    return max(ids + [token["id"] for token in tokenizer.get("added_tokens", [])])


def embedded_base(subject: Subject) -> Iterator[Mistake]:
    """Attention heads share the hidden size, and rotary positions need even heads."""
    base = subject.study.base
    if not isinstance(base, EmbeddedBase):
        return
    if base.hidden_size % (2 * base.heads):
        allowed = [str(n) for n in range(1, 65) if base.hidden_size % (2 * n) == 0]
        yield Mistake(
            ("base", "heads"),
            f"{base.heads} heads do not divide `hidden_size: {base.hidden_size}` into parts of"
            f" even size; allowed: {', '.join(allowed) or 'none: make hidden_size even'}",
        )
