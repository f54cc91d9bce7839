"""A training run, and the bases that runs lead to: they are made of each other.

A study names one base. A run that holds it quantised is trained on a base derived from it, which no
study file writes down: a base of its own, so that its weights are made once, and decomposed once.
What a run has learned is a base for further runs once it is merged; so chains come about, and the
embedded base, which is what a run on a blank base leads to.

    blank ── run ── merged ── run ── merged ── run …
"""

from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator

from rankscope.records.bases import (
    Base,
    BlankBase,
    HubBase,
    LocalBase,
    RootSpec,
)
from rankscope.records.data import TrainingSpec
from rankscope.records.methods import Method, Quantisation
from rankscope.records.packed import Packed
from rankscope.records.recipes import Recipe
from rankscope.records.record import Artefact, Positive, Seed
from rankscope.records.versions import Kept, Version


class MergedBase(Base):
    """What a run has learned until `step`, merged into whole weights in float32.

    Only the body of the run travels: tokenizer and head are those of the base that it was trained
    on. Without `step` it is the last kept one.
    """

    source: Literal["merged"] = "merged"
    run: "Run"
    step: Positive | None = None

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return f"merged-{self.run.slug}"

    @property
    def root(self) -> RootSpec:
        """The root of what the run was trained on."""
        return self.run.base.root

    @property
    def learned_from(self) -> tuple[TrainingSpec, ...]:
        """What the runs of its line were trained on."""
        return *self.run.base.learned_from, self.run.data

    @cached_property
    def sources(self) -> tuple[Artefact, ...]:
        """The base that the run was trained on, and the run."""
        return self.run.loaded


BaseSpec = Annotated[BlankBase | LocalBase | HubBase | MergedBase, Discriminator("source")]
"""What a study's runs start from."""


class QuantisedBase(Base):
    """Another base with its linear layers quantised by bitsandbytes; all else stays in float32.

    `nf4` is QLoRA's 4-bit NormalFloat with double quantisation (Dettmers et al. 2023, section 3).
    """

    source: Literal["quantised"] = "quantised"
    of: BaseSpec
    quantisation: Quantisation

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return f"{self.of.slug}-{self.quantisation}"

    @property
    def root(self) -> RootSpec:
        """The root of what is quantised."""
        return self.of.root

    @property
    def learned_from(self) -> tuple[TrainingSpec, ...]:
        """What was learned before it was quantised."""
        return self.of.learned_from


TrainedBase = BlankBase | LocalBase | HubBase | MergedBase | QuantisedBase
"""What a run is trained on."""


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

    def versions(self, kept: Kept) -> tuple[Version, ...]:
        """Return what of it can be measured: every kept step; none if it diverged before one."""
        return tuple(
            Version(
                name=f"{self.name}-{folder.name}",
                origin=self.trained_base.name,
                folder=folder,
                keys=self.keys() | {"step": step},
            )
            for step, folder in kept(self.verb, self.name).items()
        )


MergedBase.model_rebuild()
QuantisedBase.model_rebuild()
