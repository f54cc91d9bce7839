"""Records of data variants: where text comes from, and what is held out of it."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from rankscope.records.found import FileSet, Located
from rankscope.records.instructions import (
    MadeTasks,
    Mixture,
    Niv2Mirror,
    Niv2Tasks,
    TestSet,
)
from rankscope.records.labelled import LabelledText
from rankscope.records.labels import ByLabel
from rankscope.records.record import HeldOut, MaxBytes, Positive, Revision, Seed, readable
from rankscope.records.variant import Data


class StandardLibrary(Data, Located):
    """Text that every Python installation carries: nothing is fetched.

    `code` is the source of the standard library's modules, `english` its docstrings and the pydoc
    topics. The text differs between Python versions, so the version is part of the name.
    """

    trained_as = "sequences"
    has_heldout_rows = True

    source: Literal["standard-library"]
    content: Literal["code", "english"] = Field(
        description="code: source of the modules; english: their docstrings and the pydoc topics"
    )
    heldout_fraction: HeldOut = 0.1
    max_bytes: MaxBytes = None
    seed: Seed = 0

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return f"stdlib-{self.content}"

    @property
    def kept_apart_within(self) -> str:
        """The library, whose modules both contents split alike (the checks see to it)."""
        return "the standard library"


TEXT_SUFFIXES = (".jsonl", ".parquet", ".txt")


class TextFiles(Data, Located):
    """One's own documents: a `.jsonl` or `.parquet` file, a `.txt` file, or a folder of them."""

    trained_as = "sequences"
    has_heldout_rows = True

    source: Literal["text"]
    path: str = Field(
        description="a .jsonl, .parquet or .txt file or a folder of them, seen from where"
        " rankscope is started"
    )
    text_field: str = Field("text", description="column or key that holds the text")
    split_on_blank_lines: bool = Field(
        False,
        description="whether a .txt file holds several documents, separated by blank lines; it is"
        " one document otherwise",
    )
    heldout_fraction: HeldOut = 0.1
    max_bytes: MaxBytes = None
    seed: Seed = 0

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return f"text-{readable(self.path)}"

    @property
    def file_sets(self) -> tuple[FileSet, ...]:
        """The files with the text."""
        return (FileSet(self.path, suffixes=TEXT_SUFFIXES),)


class HubDataset(Data):
    """A dataset repository of the Hugging Face hub, pinned to a revision."""

    trained_as = "sequences"
    has_heldout_rows = True
    is_fetched = True

    source: Literal["hub"]
    repository: str = Field(description="dataset on the hub, such as owner/name")
    revision: Revision
    configuration: str | None = Field(None, description="subset of the dataset, if it has several")
    split: str = Field("train", description="split of the dataset that is taken, and split again")
    text_field: str = Field("text", description="column that holds the text")
    heldout_fraction: HeldOut = 0.1
    max_bytes: MaxBytes = None
    seed: Seed = 0

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return f"hub-{readable(self.repository)}"


DocumentSpec = Annotated[StandardLibrary | TextFiles | HubDataset, Discriminator("source")]


class Continuations(Data):
    """Multiple-choice items cut from the held-out documents of another variant.

    Each item is a context and `choices` endings: the true one and, of equal size as far as there
    are such, endings of other documents. Short endings suit small models: what a context says about
    its continuation is mostly in the next words.
    """

    source: Literal["continuations"]
    documents: Annotated[DocumentSpec, ByLabel()]
    items: Positive = Field(200, description="number of items")
    choices: Annotated[int, Field(ge=2, le=8)] = Field(
        4, description="endings of an item, of which one is true"
    )
    context_words: Positive = Field(12, description="words before the ending")
    ending_words: Positive = Field(2, description="words of an ending")
    seed: Seed = 0

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return "continuations"

    @property
    def heldout_of(self) -> Data:
        """The documents that the items are cut from."""
        return self.documents


TrainingSpec = Annotated[
    StandardLibrary | TextFiles | HubDataset | LabelledText | Mixture, Discriminator("source")
]
"""What a run can be trained on."""

DataSpec = Annotated[
    StandardLibrary
    | TextFiles
    | HubDataset
    | LabelledText
    | Continuations
    | Niv2Tasks
    | Niv2Mirror
    | MadeTasks
    | Mixture
    | TestSet,
    Discriminator("source"),
]
