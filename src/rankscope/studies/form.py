"""The form of a study file and of config.yaml, as pydantic models.

Guarantees: strict, unknown keys refused; the JSON schema for editors is made from these models. Not
here: how a file is read (`file`), how a grid is unfolded (`expand`).
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field

from rankscope.records.bases import HubBase, LocalBase
from rankscope.records.data import DataSpec, TrainingSpec
from rankscope.records.evaluations import Evaluation
from rankscope.records.labels import ByLabel
from rankscope.records.measurements import WrittenVersion
from rankscope.records.methods import Alpha, LoraOptions
from rankscope.records.recipes import Recipe
from rankscope.records.record import Positive, Seed, Spec
from rankscope.records.spectra import SpectraSettings
from rankscope.records.written import OneOrMore, PartOf
from rankscope.studies.embedded import EmbeddedBase

LearningRate = Annotated[float, Field(gt=0)]
Seeds = Annotated[tuple[Seed, ...], OneOrMore()]
TrainOn = Annotated[tuple[Annotated[TrainingSpec, ByLabel()], ...], OneOrMore()]
Label = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$",
        max_length=100,
        description="a label: letters, digits, - and _, as it becomes part of file names",
    ),
]
WrittenBase = Annotated[EmbeddedBase | LocalBase | HubBase, Discriminator("source")]
StudyName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100)]
RecipePart = Annotated[dict[str, Any], PartOf(Recipe, without=("learning_rate",))]


class Block(Spec):
    """One block of the grid: the product of its lists; what it leaves out, the study gives."""

    learning_rate: Annotated[tuple[LearningRate, ...], OneOrMore()] = Field(
        description="a learning rate, or a list of them; tuned per method, so it has no default"
    )
    train_on: TrainOn | None = Field(None, description="instead of the study's `train_on`")
    seeds: Seeds | None = Field(None, description="instead of the study's `seeds`")
    recipe: RecipePart = Field(
        default_factory=dict, description="what differs from the study's `recipe`"
    )
    series: Label | None = Field(
        None,
        description="keeps the runs of this block apart in the report, such as paper or tuned; no"
        " part of a run",
    )


class FullBlock(Block):
    """Full fine-tuning: every weight is trained."""

    method: Literal["full"]


class LoraBlock(Block, LoraOptions):
    """LoRA at one or more ranks."""

    method: Literal["lora"]
    rank: Annotated[tuple[Positive, ...], OneOrMore()] = Field(
        description="a rank, or a list of ranks such as [4, 16]"
    )
    alpha: Annotated[tuple[Alpha, ...], OneOrMore()] = Field(
        ("2r",),
        description="a number, or a rule that follows the rank: r, 2r, sqrt(r); the ranks of one"
        " number or rule are a family, which the report tells apart from others",
    )


GridBlock = Annotated[FullBlock | LoraBlock, Discriminator("method")]


class Headline(Spec):
    """The two evaluations that the first sentence and figure of the report show."""

    learning: str = Field(description="name of an evaluation that measures learning")
    forgetting: str = Field(description="name of an evaluation that measures forgetting")


class StudyFile(Spec):
    """A study file as written."""

    study: StudyName = Field(
        description="name of the study, as in reports/NAME: lower-case letters, digits and -"
    )
    title: Annotated[str, Field(min_length=1)] = Field(description="heading of the report")
    question: str = Field("", description="what the study asks, in a sentence")
    data: dict[Label, DataSpec] = Field(
        description="the data variants, each under a label that the rest of the file refers to"
    )
    base: WrittenBase = Field(description="the model that every run starts from")
    train_on: TrainOn = Field(description="label of the data to train on, or a list of labels")
    seeds: Seeds = Field(description="seeds, such as [0, 1]: each repeats every run")
    recipe: RecipePart = Field(description="how runs are optimised, but for the learning rate")
    grid: Annotated[tuple[GridBlock, ...], Field(min_length=1)] = Field(
        description="what is compared: a list of blocks, each with its `method`"
    )
    versions: dict[Label, WrittenVersion] = Field(
        default_factory=dict,
        description="adapters and checkpoints of others on this base, each under a label: measured"
        " as they are, beside the runs",
    )
    evaluate: dict[Label, Annotated[tuple[Evaluation, ...], Field(min_length=1)]] = Field(
        {},
        description="suites: lists of evaluations that share one process and loaded base; left out"
        " where spectra are all that is measured",
    )
    headline: Headline | None = Field(None, description="the evaluations that open the report")
    tuned_in: StudyName | None = Field(
        None, description="name of the study whose sweep chose the learning rates"
    )
    spectra: SpectraSettings | None = Field(
        None, description="what is counted in the spectra; leave it out to compute none"
    )


class Config(Spec):
    """`config.yaml`: what a bare `snakemake` runs."""

    study: str = Field(description="name of a study in workflow/studies, or the path of a file")
