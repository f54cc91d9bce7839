"""The course of the learning rate behind its warm-up, as a share of its full value.

A new one is a record here, one more in `Schedule`, and a module of its kind's name in
`train/schedules/`.
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from rankscope.records.record import Spec
from rankscope.records.written import InAWord


class Linear(Spec):
    """It falls in a straight line to 0, which it would reach one step behind the last."""

    kind: Literal["linear"] = "linear"

    @property
    def label(self) -> str:
        """What it is called."""
        return "linear"


class Cosine(Spec):
    """It falls along half a cosine to `floor`, which it would reach one step behind the last."""

    kind: Literal["cosine"] = "cosine"
    floor: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="where it ends, as a share of the full learning rate"
    )

    @property
    def label(self) -> str:
        """What it is called."""
        return f"cosine to {self.floor:g}" if self.floor else "cosine"


class Constant(Spec):
    """It stays as it is."""

    kind: Literal["constant"] = "constant"

    @property
    def label(self) -> str:
        """What it is called."""
        return "constant"


Schedule = Annotated[
    Annotated[Linear | Cosine | Constant, Discriminator("kind")],
    InAWord(Linear(), Cosine(), Constant()),
]
