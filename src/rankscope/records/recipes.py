"""How a run is trained: length, batches, optimizer, learning rate, precision, kept steps."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from rankscope.records.optimizers import AdamW, Optimizer
from rankscope.records.record import LARGEST, Positive, Spec
from rankscope.records.schedules import Linear, Schedule

Packing = Literal["exact", "length-grouped", "padded"]


class Recipe(Spec):
    """How a run is optimised; everything but the method and the seed.

    `packing` and `prompt_loss` are for mixtures of instruction examples; unset they are left out
    where a recipe is written.
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
        AdamW(),
        description="adamw, or bitsandbytes' of it: adamw-8bit keeps its state in 8 bits (in 32 for"
        " embeddings and for tensors below 4,096 weights, so that it depends on the rank), paged"
        " ones move it out of a GPU that is full; they need the extra `quantised`, the paged a GPU",
    )
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    schedule: Schedule = Field(Linear(), description="course of the learning rate after warm-up")
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
