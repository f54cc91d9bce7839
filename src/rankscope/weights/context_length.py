"""How many tokens a model can attend to, as its configuration says.

Guarantees: one answer for all stages, from a `config.json` as it is or from the configuration of a
loaded model, under whatever name and in whatever part a family states it; learned positions that
begin behind the padding token (RoBERTa) are taken off. That there is no limit (linear biases,
recurrent states) is an answer of its own. Not here: at which length a model still works well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAMES = (
    "max_position_embeddings",
    "n_positions",  # GPT-2, GPT-J, CTRL, CodeGen
    "max_seq_len",  # MPT, whose linear biases end there, and DBRX
    "max_sequence_length",
    "model_max_length",
    "context_length",  # RWKV
    "max_target_positions",
    "n_ctx",
)
TEXT_PARTS = ("text_config", "decoder", "llm_config", "language_config", "generator")
UNLIMITED = frozenset(
    {"bloom", "cpmant", "falcon_mamba", "mamba", "mamba2", "recurrent_gemma", "xlnet", "xlstm"}
)
"""Types without positions, or with such that go on for ever; others state a limit or have one by
default."""
BEHIND_PADDING = frozenset(
    {"camembert", "data2vec-text", "roberta", "roberta-prelayernorm", "xlm-roberta",
     "xlm-roberta-xl", "xmod"}
)  # fmt: skip
"""Types whose first token has the position after the padding token's id."""


@dataclass(frozen=True)
class Context:
    """What a configuration says about the number of tokens; `tokens` is None if unlimited."""

    tokens: int | None
    known: bool = True
    """False where it says nothing, and the default of its type is not looked up."""

    def least(self, most: int) -> int:
        """Return the limit, or `most` where there is none."""
        return most if self.tokens is None else self.tokens


def context_length(config: Mapping[str, Any]) -> Context:
    """Return how many tokens fit, from what a `config.json` holds or `model.config.to_dict()`."""
    text = text_part(config)
    kind = text.get("model_type", config.get("model_type"))
    for name in NAMES:
        stated = text.get(name)
        if isinstance(stated, bool) or not isinstance(stated, int | float) or stated <= 0:
            continue
        if kind in BEHIND_PADDING:
            padding = text.get("pad_token_id", 1)
            stated -= (padding if isinstance(padding, int) else 1) + 1
        return Context(int(stated))
    return Context(None, known=kind in UNLIMITED)


def text_part(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the part of a configuration that describes the language model, which may be all."""
    for name in TEXT_PARTS:
        part = config.get(name)
        if isinstance(part, Mapping) and part:
            return part
    return config
