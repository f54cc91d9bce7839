"""Records of the spectral analysis: a base decomposed once, and what is compared with it."""

from functools import cached_property
from typing import Annotated, ClassVar

from pydantic import Field

from rankscope.records.measurements import Published
from rankscope.records.record import Artefact, Fraction, Positive, Spec
from rankscope.records.runs import Run, TrainedBase
from rankscope.records.written import OneOrMore


class SpectraSettings(Spec):
    """What is counted in the spectra of every kept step.

    `ks` and `epsilons` span the grid of intruder counts; `similarity_size` is the number of leading
    vectors in the stored similarity matrix.
    """

    epsilons: Annotated[tuple[Fraction, ...], OneOrMore()] = Field(
        (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
        description="a vector intrudes if its cosine with every base vector is below epsilon",
    )
    ks: Annotated[tuple[Positive, ...], OneOrMore()] = Field(
        (1, 2, 5, 10, 20), description="numbers of leading vectors among which intruders count"
    )
    similarity_size: Positive = Field(
        10, description="leading vectors in the stored similarity matrix"
    )


class Decomposition(Artefact):
    """Every weight matrix of a base, decomposed; shared by all runs of all studies."""

    stage: ClassVar[str] = "spectra"
    verb: ClassVar[str] = "spectra base"

    base: TrainedBase

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return self.base.slug


class Spectra(Artefact):
    """Every version of what was trained, here or by others, compared with its base."""

    stage: ClassVar[str] = "spectra"
    verb: ClassVar[str] = "spectra run"

    subject: Run | Published
    settings: SpectraSettings

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return self.subject.name

    @cached_property
    def decomposition(self) -> Decomposition:
        """What the subject is compared with."""
        return Decomposition(base=self.subject.trained_base)

    @cached_property
    def sources(self) -> tuple[Artefact, ...]:
        """What the subject is loaded from, and what it is compared with."""
        return (*self.subject.loaded, self.decomposition)
