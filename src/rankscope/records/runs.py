"""The record of a training run, which puts everything together."""

from functools import cached_property
from typing import Any, ClassVar

from rankscope.records.bases import BaseSpec, QuantisedBase, TrainedBase
from rankscope.records.data import TrainingSpec
from rankscope.records.methods import Method
from rankscope.records.packed import Packed
from rankscope.records.recipes import Recipe
from rankscope.records.record import Artefact, Seed


class Run(Artefact):
    """One training run: base × data variant × method × recipe × seed."""

    stage: ClassVar[str] = "train"
    verb: ClassVar[str] = "train"

    base: BaseSpec
    data: TrainingSpec
    method: Method
    recipe: Recipe
    seed: Seed

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return self.method.slug

    @cached_property
    def trained_base(self) -> TrainedBase:
        """The base as it is trained on: itself, or quantised."""
        if self.method.quantisation is None:
            return self.base
        return QuantisedBase(of=self.base, quantisation=self.method.quantisation)

    @cached_property
    def packed(self) -> Packed:
        """The data as it is trained on."""
        length = self.recipe.sequence_length
        return Packed(data=self.data, tokenizer=self.base.root, length=length)

    @cached_property
    def sources(self) -> tuple[Artefact, ...]:
        """The packed data and the base that it is trained on."""
        return self.packed, self.trained_base

    @property
    def loaded(self) -> tuple[Artefact, ...]:
        """What has to lie on the disk to load its steps."""
        return self.trained_base, self

    @property
    def sampling_seed(self) -> int:
        """The sampling this run belongs to: that of its mixture, or else its own seed."""
        given = self.data.drawn_with
        return self.seed if given is None else given

    def keys(self) -> dict[str, Any]:
        """The key columns of every row about this run (`records.keys`)."""
        return {
            "run": self.name,
            "base": self.base.name,
            "data": self.data.name,
            "family": self.method.family,
            "method": self.method.label,
            "rank": self.method.rank,
            "seed": self.seed,
            "sampling": self.sampling_seed,
        }
