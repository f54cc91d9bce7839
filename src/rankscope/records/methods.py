"""What is trained of a base: every weight, or an adapter of low rank.

A method belongs to a *family*: the methods that differ in nothing but their rank (and in dropout,
which is part of how they are trained). Ranks are compared within a family, families with each
other. How a method is put on a model: the module of `train.methods` that its `kind` names.
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, ValidationInfo, field_validator

from rankscope.records.record import Positive, Spec

FULL = "Full"
"""The family of full fine-tuning."""

Alpha = Literal["r", "2r", "sqrt(r)"] | Annotated[float, Field(gt=0)]
Init = Literal["kaiming-uniform", "gaussian", "orthonormal", "pissa"]
Quantisation = Literal["nf4"]


class FullFineTuning(Spec):
    """Every weight of the base is trained, embeddings included."""

    kind: Literal["full"] = "full"

    @property
    def slug(self) -> str:
        """The readable part of a run's name."""
        return "full"

    @property
    def family(self) -> str:
        """What it is, whatever its rank."""
        return FULL

    @property
    def traits(self) -> tuple[str, ...]:
        """There is one full fine-tuning: nothing tells its families apart."""
        return ()

    @property
    def label(self) -> str:
        """What figures and tables call it."""
        return FULL

    def called(self, *traits: str) -> str:
        """What a study calls it in which these traits tell methods apart."""
        return " ".join([FULL, *traits])

    @property
    def rank(self) -> None:
        """Full fine-tuning has no rank limit."""
        return None

    @property
    def alpha_value(self) -> None:
        """It has no alpha."""
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
    init: Init = Field(
        "kaiming-uniform",
        exclude_if=lambda init: init == "kaiming-uniform",
        description="how A starts, while B starts at zero: kaiming-uniform (peft's default, within"
        " ±1/√columns), gaussian (peft's, of standard deviation 1/rank), orthonormal (orthonormal"
        " rows, so that all singular values are 1); or pissa: A and B start as the leading singular"
        " triplets of the weight, which are taken out of the frozen base",
    )
    frozen_a: bool = Field(
        False,
        exclude_if=lambda frozen: not frozen,
        description="leave A as it starts and train B alone",
    )

    @field_validator("init")
    @classmethod
    def _leaves_a_quantised_base(cls, init: Init, info: ValidationInfo) -> Init:
        if init != "pissa":
            return init
        if info.data.get("quantisation") is not None:
            raise ValueError(
                "pissa takes its start out of the base's weights, which `quantisation:"
                f" {info.data['quantisation']}` rounds; allowed with it: kaiming-uniform, gaussian,"
                " orthonormal"
            )
        if info.data.get("allow_rank_above_dimension"):
            raise ValueError(
                "pissa starts with as many singular triplets as the rank says, and a matrix has no"
                " more of them than its smaller dimension; remove `allow_rank_above_dimension`"
            )
        return init


class Lora(LoraOptions):
    """Low-rank adaptation: W = W0 + (alpha / r) B A, or alpha / sqrt(r) where `rslora` is set.

    `alpha` is a number, or the rule by which it follows the rank: two series that agree at one rank
    are two families there too. With `quantisation` W0 is what the quantised weights stand for, not
    the base's own weight; with `init: pissa` it is the base's weight less what B A starts with.
    """

    kind: Literal["lora"] = "lora"
    rank: Positive
    alpha: Alpha

    @property
    def slug(self) -> str:
        """The readable part of a run's name."""
        return f"{self._noun.lower()}-r{self.rank}"

    @property
    def alpha_value(self) -> float:
        """Alpha as a number."""
        rules = {"r": float(self.rank), "2r": 2.0 * self.rank, "sqrt(r)": self.rank**0.5}
        return rules[self.alpha] if isinstance(self.alpha, str) else self.alpha

    @property
    def family(self) -> str:
        """What it is, whatever its rank: `LoRA α=2r`, `QLoRA α=8`, `PiSSA α=r frozen A`."""
        return " ".join([self._noun, *filter(None, self.traits)])

    @property
    def traits(self) -> tuple[str, ...]:
        """What tells families of LoRA apart, in one order; empty texts where it is the default."""
        alpha = f"α={self.alpha:g}" if isinstance(self.alpha, float) else f"α={self.alpha}"
        targets = self.target_modules
        return (
            alpha.replace("sqrt(r)", "√r"),
            "" if self.init in ("kaiming-uniform", "pissa") else self.init,
            "frozen A" if self.frozen_a else "",
            "" if isinstance(targets, str) else f"on {', '.join(targets)}",
        )

    @property
    def label(self) -> str:
        """What figures and tables call it where no trait tells LoRAs apart."""
        return self.called()

    def called(self, *traits: str) -> str:
        """What a study calls it in which these traits tell methods apart."""
        return " ".join([self._noun, *filter(None, traits), f"r={self.rank}"])

    @property
    def _noun(self) -> str:
        noun = "PiSSA" if self.init == "pissa" else "LoRA"
        return f"{'Q' if self.quantisation else ''}{'rs' if self.rslora else ''}{noun}"


Method = Annotated[FullFineTuning | Lora, Discriminator("kind")]
