"""Records of training: methods, recipes, and the run that puts everything together."""

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, ValidationInfo, field_validator, model_validator

from rankscope.study.base_specs import BaseSpec, Quantisation, QuantisedBase, TrainedBase
from rankscope.study.data_specs import TrainingSpec
from rankscope.study.identity import artefact_name
from rankscope.study.instruction_specs import Mixture
from rankscope.study.record import LARGEST, Positive, Seed, Spec


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


Packing = Literal["exact", "length-grouped", "padded"]

Optimizer = Literal["adamw", "adamw-8bit", "paged-adamw-8bit", "paged-adamw-32bit"]


class Recipe(Spec):
    """How a run is optimised; everything but the method and the seed.

    `packing` and `prompt_loss` are for mixtures of instruction examples; unset they are no part of
    a run's name.
    """

    learning_rate: Annotated[float, Field(gt=0)]
    steps: Positive | None = Field(None, description="optimizer steps; or give `epochs`")
    epochs: Annotated[float, Field(gt=0, le=1_000_000)] | None = Field(
        None, description="passes over the training data; or give `steps`"
    )
    batch_size: Annotated[Positive, Field(le=1_000_000)] = Field(
        16, description="sequences (of a mixture: examples) per optimizer step"
    )
    micro_batch_size: Positive | None = Field(
        None, description="sequences per forward pass; divides batch_size and saves memory"
    )
    sequence_length: Annotated[int, Field(ge=8, le=LARGEST)] = Field(
        256, description="tokens per packed sequence; of a mixture the longest example"
    )
    packing: Packing | None = Field(
        None,
        exclude_if=lambda packing: packing is None,
        description="how the examples of a mixture lie in sequences: exact (the default) fills each"
        " row with whole examples that do not see each other; padded gives each example its own;"
        " length-grouped does so with batches of similar length",
    )
    prompt_loss: bool = Field(
        False,
        exclude_if=lambda trained: not trained,
        description="of a mixture: train on the prompts too, not on the answers alone",
    )
    optimizer: Optimizer = Field(
        "adamw",
        description="adamw, or bitsandbytes' of it: adamw-8bit keeps its state in 8 bits (in 32 for"
        " embeddings and for tensors below 4,096 weights, so that it depends on the rank), paged"
        " ones move it out of a GPU that is full; they need the extra `quantised`, the paged a GPU",
    )
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    schedule: Literal["linear", "cosine", "constant"] = Field(
        "linear", description="course of the learning rate after warm-up"
    )
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.05, description="share of the steps in which the learning rate rises to its full value"
    )
    max_gradient_norm: Annotated[float, Field(gt=0)] = Field(
        1.0, description="gradients are clipped to this norm"
    )
    precision: Literal["float32", "bfloat16"] = "float32"
    keep: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(
        (0.1, 0.25, 0.5, 1.0),
        description="fractions of the run whose weights are kept and measured; the last is 1.0",
    )

    @field_validator("epochs")
    @classmethod
    def _one_length(cls, epochs: float | None, info: ValidationInfo) -> float | None:
        steps = info.data.get("steps")
        if epochs is not None and steps is not None:
            raise ValueError(f"{epochs:g} epochs contradict `steps: {steps}`; give one of the two")
        return epochs

    @field_validator("micro_batch_size")
    @classmethod
    def _divides_batch(cls, micro: int | None, info: ValidationInfo) -> int | None:
        batch = info.data.get("batch_size")
        if micro is not None and batch is not None and batch % micro:
            divisors = ", ".join(str(size) for size in range(1, batch + 1) if batch % size == 0)
            raise ValueError(
                f"{micro} does not divide `batch_size: {batch}`; allowed here: {divisors}"
            )
        return micro

    @field_validator("keep")
    @classmethod
    def _ends_with_the_run(cls, keep: tuple[float, ...]) -> tuple[float, ...]:
        if list(keep) != sorted(set(keep)) or not keep or keep[-1] != 1.0:
            raise ValueError(
                f"{list(keep)} must be ascending fractions of the run that end with 1.0, such as"
                " [0.1, 0.5, 1.0]: the weights are kept there, and the last ones are needed"
            )
        return keep

    @model_validator(mode="after")
    def _has_a_length(self) -> "Recipe":
        if self.steps is None and self.epochs is None:
            raise ValueError("the length of a run is missing: give `steps` or `epochs`")
        return self

    def kept_steps(self, total_steps: int) -> tuple[int, ...]:
        """Optimizer steps whose weights are kept, for a run of `total_steps`."""
        return tuple(sorted({max(1, round(share * total_steps)) for share in self.keep}))


class Run(Spec):
    """One training run: base × data variant × method × recipe × seed."""

    base: BaseSpec
    data: TrainingSpec
    method: Method
    recipe: Recipe
    seed: Seed

    @cached_property
    def name(self) -> str:
        """Folder name of the artefact, such as `lora-r16-3f9a1c2b`."""
        content = self.canonical() | {"base": self.base.name, "data": self.data.name}
        return artefact_name("train", self.method.slug, content)

    @cached_property
    def trained_base(self) -> TrainedBase:
        """The base as it is trained on: itself, or quantised."""
        if self.method.quantisation is None:
            return self.base
        return QuantisedBase(of=self.base, quantisation=self.method.quantisation)

    @property
    def sampling_seed(self) -> int:
        """The sampling this run belongs to: that of its mixture, or else its own seed."""
        given = self.data.sampling_seed if isinstance(self.data, Mixture) else None
        return self.seed if given is None else given

    def keys(self) -> dict[str, Any]:
        """The key columns that every tidy table of this run carries."""
        return {
            "run": self.name,
            "base": self.base.name,
            "data": self.data.name,
            "method": self.method.label,
            "rank": self.method.rank,
            "seed": self.seed,
        }
