"""What turns gradients into steps: an optimizer and its constants, but for the learning rate.

A new one is a record here, one more in `Optimizer`, and a module of its kind's name in
`train/optimizers/`.
"""

from typing import Annotated, Literal

from pydantic import Field

from rankscope.records.record import Spec
from rankscope.records.written import InAWord

Decay = Annotated[float, Field(ge=0, lt=1)]


class AdamW(Spec):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019).

    In 32 bits it is torch's, unless it is paged; what is in 8 bits or paged is bitsandbytes'.
    """

    kind: Literal["adamw"] = "adamw"
    betas: tuple[Decay, Decay] = Field(
        (0.9, 0.999),
        description="two numbers: what the means of gradients and of their squares keep at a step",
    )
    eps: Annotated[float, Field(gt=0)] = Field(
        1e-8, description="added to the root of the mean square, which it divides by"
    )
    bits: Literal[32, 8] = Field(
        32,
        description="of its state; with 8, embeddings and tensors below 4,096 weights keep 32, so"
        " that it depends on the rank",
    )
    paged: bool = Field(
        False, description="whether its state moves out of a GPU that is full; needs a GPU"
    )

    @property
    def label(self) -> str:
        """What a study file may write for it, where its constants are the usual ones."""
        if self.paged:
            return f"paged-adamw-{self.bits}bit"
        return "adamw" if self.bits == 32 else f"adamw-{self.bits}bit"

    @property
    def needs_bitsandbytes(self) -> bool:
        """Whether it is one of bitsandbytes."""
        return self.paged or self.bits != 32

    @property
    def needs_gpu(self) -> bool:
        """Whether it does nothing without a GPU."""
        return self.paged

    @property
    def without_gpu(self) -> "AdamW":
        """The same where there is no GPU."""
        return self.replaced(paged=False)


Optimizer = Annotated[
    AdamW, InAWord(AdamW(), AdamW(bits=8), AdamW(bits=8, paged=True), AdamW(paged=True))
]
