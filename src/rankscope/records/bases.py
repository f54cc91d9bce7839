"""Records of bases that are made from no run: fetched, one's own, or blank.

The bases that runs lead to, quantised and merged ones, stand beside the run in `records.runs`.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import Discriminator, Field

from rankscope.records.data import DocumentSpec, TrainingSpec
from rankscope.records.found import FileSet, Located
from rankscope.records.keys import BASE, VERSION_KEYS
from rankscope.records.record import Artefact, Positive, Revision, Seed, readable
from rankscope.records.versions import Kept, Version


@dataclass(frozen=True)
class Reference:
    """What an adapter calls its base: a path or the hub's id, and the hub's revision."""

    name: str
    revision: str | None = None


class Base(Artefact):
    """What every base has in common."""

    stage: ClassVar[str] = "base"
    verb: ClassVar[str] = "base model"
    is_blank: ClassVar[bool] = False
    """Whether it has learned nothing yet."""

    @property
    def reference(self) -> Reference | None:
        """What adapters call it; None of what was made here, which has no name but its folder's."""
        return None

    @property
    def root(self) -> "RootSpec":
        """The base at the root of the line of bases: its tokenizer is that of the whole line."""
        raise NotImplementedError(type(self))

    @property
    def learned_from(self) -> tuple[TrainingSpec, ...]:
        """What it was trained on here, the first first."""
        return ()

    @property
    def loaded(self) -> tuple[Artefact, ...]:
        """What has to lie on the disk to load it."""
        return (self,)

    def keys(self) -> dict[str, Any]:
        """The key columns of every row about the base as it is: the step 0 of every run on it."""
        known = {"run": self.name, "base": self.name, "family": BASE, "method": BASE}
        return {column: known.get(column) for column in VERSION_KEYS}

    def versions(self, kept: Kept) -> tuple[Version, ...]:
        """Return what of it can be measured: itself, as the step 0 of every run on it."""
        del kept
        return (Version(self.name, self.name, None, self.keys() | {"step": 0}),)


class RootBase(Base):
    """A base that is made from no other, and brings its tokenizer."""

    @property
    def root(self) -> "RootSpec":
        """This base itself."""
        return cast("RootSpec", self)


class BlankBase(RootBase):
    """A decoder that has learned nothing yet: its weights are drawn from the seed.

    Its tokenizer is a byte-level BPE made from the training documents of `corpus`. The embeddings
    are tied to the output head.
    """

    is_blank: ClassVar[bool] = True

    source: Literal["blank"] = "blank"
    architecture: Literal["llama"] = "llama"
    corpus: DocumentSpec
    vocabulary_size: Annotated[int, Field(ge=257, le=10_000_000)]
    hidden_size: Annotated[Positive, Field(le=65_536)]
    layers: Annotated[Positive, Field(le=1_024)]
    heads: Annotated[Positive, Field(le=1_024)]
    intermediate_size: Annotated[Positive, Field(le=1_048_576)]
    context_length: Positive
    initializer_range: Annotated[float, Field(gt=0)] = Field(
        0.02, description="standard deviation of the weights that are drawn"
    )
    seed: Seed

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return f"blank-h{self.hidden_size}-l{self.layers}"


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
    def reference(self) -> Reference:
        """The path as the study gives it."""
        return Reference(self.path)

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

    @property
    def reference(self) -> Reference:
        """Repository and revision."""
        return Reference(self.repository, self.revision)


RootSpec = Annotated[BlankBase | LocalBase | HubBase, Discriminator("source")]
"""A base at the root of a line."""
