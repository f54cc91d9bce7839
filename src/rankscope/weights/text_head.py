"""With which of its heads a base is trained on documents: as a causal or a masked language model.

No study says so, because a base is made for one of them. The rule: a base is a masked language
model if its `config.json` names such a class (…ForMaskedLM), or else names no class with a head and
transformers has no other language model of its type. `is_decoder: true` says of any that its tokens
see none after them. Everything else is a causal language model, or none at all, which `check.base`
says. Reads no weights and imports no transformers.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankscope.errors import ModelError
from rankscope.foreign import read_json_object
from rankscope.weights.architectures import CAUSAL, MASKED, NEED_IS_DECODER, types_in

if TYPE_CHECKING:
    from rankscope.records.heads import CausalLM, Head, MaskedLM
    from rankscope.records.variant import Data

_BODIES = ("Model", "ForPreTraining")
"""Ends of classes that say nothing of a language model's head, but for `_HEADS`."""
_HEADS = ("LMHeadModel",)


def training_head(data: "Data", base: Path) -> "Head":
    """Return the head that `data` is trained with on the base in a folder.

    Raises:
        ModelError: the folder has no readable `config.json`.
    """
    return text_head(base) if data.head is None else data.head


def text_head(base: Path) -> "CausalLM | MaskedLM":
    """Return the head that the base in a folder is trained on documents with.

    Raises:
        ModelError: the folder has no readable `config.json`.
    """
    return text_head_of(read_json_object(base / "config.json", ModelError))


def text_head_of(config: Mapping[str, Any]) -> "CausalLM | MaskedLM":
    """Return the head for documents of the model whose `config.json` is `config`."""
    from rankscope.records.heads import CausalLM, MaskedLM

    return MaskedLM() if _is_masked(config) else CausalLM()


def _is_masked(config: Mapping[str, Any]) -> bool:
    if config.get("is_decoder") is True or config.get("is_encoder_decoder") is True:
        return False
    classes = config.get("architectures")
    named = [str(name) for name in classes] if isinstance(classes, list) else []
    if any(name.endswith("ForMaskedLM") for name in named):
        return True
    if any(name.endswith(_HEADS) or not name.endswith(_BODIES) for name in named):
        return False
    kind = config.get("model_type")
    causal, masked = types_in(CAUSAL) or frozenset(), types_in(MASKED) or frozenset()
    return kind in masked and (kind not in causal or kind in NEED_IS_DECODER)
