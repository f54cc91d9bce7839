"""The record of training data as a model reads it: tokenised, and packed or encoded.

Guarantees: named by the data, the tokenizer and the length of a sequence. The tokenizer is that of
the base at the root of a line of bases, so that what is quantised, merged or chained does not
tokenise again.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from rankscope.records.bases import RootSpec
from rankscope.records.data import TrainingSpec
from rankscope.records.record import LARGEST, Artefact


class Packed(Artefact):
    """Training data for sequences of `length` tokens of the tokenizer of a base."""

    stage: ClassVar[str] = "data"
    verb: ClassVar[str] = "data pack"

    data: TrainingSpec
    tokenizer: RootSpec
    length: Annotated[int, Field(ge=2, le=LARGEST)]

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return f"{self.data.slug}-{self.length}"
