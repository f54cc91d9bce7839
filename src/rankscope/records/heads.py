"""What a model ends in: the head that turns its last hidden states into something to be compared.

A study file never names one. What a run is trained on gives it (`Data.head`): prompts with answers
a causal language model, labelled text a classifier of its labels, documents the head that the base
was made with (`weights.text_head`). What is asked of a version gives it, too: text to continue asks
for a causal language model. Reads no disk. What a head is in transformers and peft:
`weights.heads`.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field

from rankscope.records.record import Spec


class CausalLM(Spec):
    """The next token, from the tokens before it: the head that a decoder was made with."""

    looks_back: ClassVar[bool] = True
    """Whether it means something only on a body whose tokens see none that come after them."""
    predicts: ClassVar[str] = "token"
    """What its loss is a mean over."""
    lent_by_base: ClassVar[bool] = True
    """Whether a base brings it along, so that it fits a body that was trained under another."""
    labels: ClassVar[tuple[str, ...]] = ()
    """What it chooses from."""
    kind: Literal["causal-lm"] = "causal-lm"

    @property
    def title(self) -> str:
        """What a message calls a model with it."""
        return "causal language model"


class MaskedLM(Spec):
    """The tokens behind masks, from all others: the head that an encoder was made with."""

    looks_back: ClassVar[bool] = False
    predicts: ClassVar[str] = "masked token"
    lent_by_base: ClassVar[bool] = True
    labels: ClassVar[tuple[str, ...]] = ()
    kind: Literal["masked-lm"] = "masked-lm"

    @property
    def title(self) -> str:
        """What a message calls a model with it."""
        return "masked language model"


class Classifier(Spec):
    """One of `labels` for a text or a pair; label number i is row i of the head's last matrix."""

    looks_back: ClassVar[bool] = False
    predicts: ClassVar[str] = "example"
    lent_by_base: ClassVar[bool] = False
    kind: Literal["classifier"] = "classifier"
    labels: Annotated[tuple[str, ...], Field(min_length=2)]

    @property
    def title(self) -> str:
        """What a message calls a model with it."""
        return f"classifier of the labels {', '.join(self.labels)}"


Head = Annotated[CausalLM | MaskedLM | Classifier, Discriminator("kind")]
