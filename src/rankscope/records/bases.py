"""Records of bases: the model that every run of a study starts from.

A study names one base. A run that holds it quantised is trained on a base derived from it, which no
study file writes down: a base of its own, so that its weights are made once, and decomposed once.
"""

from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import Discriminator, Field

from rankscope.records.data import DocumentSpec
from rankscope.records.found import FileSet, Located
from rankscope.records.keys import BASE, VERSION_KEYS
from rankscope.records.labels import ByLabel
from rankscope.records.record import Artefact, Positive, Revision, Seed, readable


class Base(Artefact):
    """What every base has in common."""

    stage: ClassVar[str] = "base"
    verb: ClassVar[str] = "base model"

    @property
    def root(self) -> "BaseSpec":
        """The base at the root of the line of bases: its tokenizer is that of the whole line."""
        raise NotImplementedError(type(self))

    @property
    def loaded(self) -> tuple[Artefact, ...]:
        """What has to lie on the disk to load it."""
        return (self,)

    def keys(self) -> dict[str, Any]:
        """The key columns of every row about the base as it is: the step 0 of every run on it."""
        known = {"run": self.name, "base": self.name, "family": BASE, "method": BASE}
        return {column: known.get(column) for column in VERSION_KEYS}


class RootBase(Base):
    """A base that is made from no other, and brings its tokenizer."""

    @property
    def root(self) -> "BaseSpec":
        """This base itself."""
        return cast("BaseSpec", self)


class EmbeddedBase(RootBase):
    """A small Llama-architecture decoder with its own byte-level BPE, pre-trained here."""

    source: Literal["embedded"]
    corpus: Annotated[DocumentSpec, ByLabel()]
    vocabulary_size: Annotated[int, Field(ge=257, le=10_000_000)] = Field(
        1024, description="tokens of its byte-level BPE"
    )
    hidden_size: Annotated[Positive, Field(le=65_536)] = 128
    layers: Annotated[Positive, Field(le=1_024)] = 4
    heads: Annotated[Positive, Field(le=1_024)] = 4
    intermediate_size: Annotated[Positive, Field(le=1_048_576)] = 344
    context_length: Positive = 128
    steps: Positive = 800
    batch_size: Positive = 4
    learning_rate: Annotated[float, Field(gt=0)] = 2.0e-3
    seed: Seed = 0

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return f"embedded-h{self.hidden_size}-l{self.layers}"


MODEL_FILES = ("*.json", "*.safetensors", "*.model", "merges.txt", "vocab.txt", "*.jinja")


class LocalBase(RootBase, Located):
    """A model folder in the Hugging Face layout (config.json, safetensors, tokenizer)."""

    source: Literal["local"]
    path: str = Field(
        description="folder with config.json, safetensors and tokenizer, seen from where rankscope"
        " is started"
    )

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return readable(self.path)

    @property
    def file_sets(self) -> tuple[FileSet, ...]:
        """The files of the model."""
        return (FileSet(self.path, patterns=MODEL_FILES),)


class HubBase(RootBase):
    """A model repository of the Hugging Face hub, pinned to a revision."""

    source: Literal["hub"]
    repository: str = Field(description="model on the hub, such as owner/name")
    revision: Revision

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return readable(self.repository)


BaseSpec = Annotated[EmbeddedBase | LocalBase | HubBase, Discriminator("source")]

Quantisation = Literal["nf4"]


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
    def root(self) -> BaseSpec:
        """The root of what is quantised."""
        return self.of.root


TrainedBase = EmbeddedBase | LocalBase | HubBase | QuantisedBase
