"""What is trained of a base: every weight, or an adapter of low rank."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from rankscope.records.bases import Quantisation
from rankscope.records.record import Positive, Spec


class FullFineTuning(Spec):
    """Every weight of the base is trained, embeddings included."""

    kind: Literal["full"] = "full"

    @property
    def slug(self) -> str:
        """The readable part of a run's name."""
        return "full"

    @property
    def label(self) -> str:
        """What figures and tables call it."""
        return "Full"

    @property
    def rank(self) -> None:
        """Full fine-tuning has no rank limit."""
        return None

    @property
    def quantisation(self) -> None:
        """A base that is trained itself cannot be quantised."""
        return None


class LoraOptions(Spec):
    """What LoRA needs besides rank and alpha.

    `target_modules` are names as in peft: `q_proj` is every module whose name ends so.
    """

    target_modules: Literal["all-linear"] | Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        "all-linear", description="what is adapted: all-linear, or names such as [q_proj, v_proj]"
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="dropout on the adapter's input"
    )
    rslora: bool = Field(False, description="scale by alpha / sqrt(rank) instead of alpha / rank")
    allow_rank_above_dimension: bool = Field(
        False, description="accept a rank above a matrix's smaller dimension, which limits nothing"
    )
    quantisation: Quantisation | None = Field(
        None,
        exclude_if=lambda quantisation: quantisation is None,
        description="nf4 holds the frozen base in 4 bits, which makes it QLoRA and saves memory; it"
        " needs the extra `quantised`",
    )


class Lora(LoraOptions):
    """Low-rank adaptation: W = W0 + (alpha / r) B A, or alpha / sqrt(r) where `rslora` is set.

    With `quantisation` W0 is what the quantised weights stand for, not the base's own weight.
    """

    kind: Literal["lora"] = "lora"
    rank: Positive
    alpha: Annotated[float, Field(gt=0)]

    @property
    def slug(self) -> str:
        """The readable part of a run's name."""
        return f"{'lora' if self.quantisation is None else 'qlora'}-r{self.rank}"

    @property
    def label(self) -> str:
        """What figures and tables call it."""
        return f"{'LoRA' if self.quantisation is None else 'QLoRA'} r={self.rank}"


Method = Annotated[FullFineTuning | Lora, Discriminator("kind")]
