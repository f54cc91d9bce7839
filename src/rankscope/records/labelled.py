"""The record of labelled text: texts or pairs of them, each with one of some labels."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from rankscope.records.found import FileSet, Located
from rankscope.records.heads import Classifier
from rankscope.records.record import HeldOut, Positive, Seed, readable
from rankscope.records.variant import Data
from rankscope.records.written import OneOrMore

LABELLED_SUFFIXES = (".jsonl", ".parquet")
_FRACTION = 0.1


class LabelledText(Data, Located):
    """One's own labelled rows: a `.jsonl` or `.parquet` file, or a folder of them.

    What is trained on it is a classifier of `labels`, in that order.
    """

    trained_as = "labelled"

    source: Literal["labelled"]
    path: str = Field(
        description="a .jsonl or .parquet file or a folder of them, seen from where rankscope is"
        " started"
    )
    text_fields: Annotated[tuple[str, ...], OneOrMore(), Field(max_length=2)] = Field(
        ("text",), description="column or key that holds the text, or a list of two for pairs"
    )
    label_field: str = Field("label", description="column or key that holds the label")
    labels: Annotated[tuple[str, ...], OneOrMore(), Field(min_length=2)] = Field(
        description="every label, as text, in the order of the classifier's outputs, such as"
        " [entailment, neutral, contradiction]; a whole number in the rows is the label so written"
    )
    heldout_fraction: HeldOut | None = Field(
        None, description="share of the rows that is kept for evaluation; 0.1 if left out"
    )
    heldout_path: str | None = Field(
        None, description="file or folder of the rows to evaluate on, instead of a share of `path`"
    )
    max_rows: Positive | None = Field(
        None, description="most rows to take of `path`, drawn by the seed"
    )
    seed: Seed = 0

    @model_validator(mode="after")
    def _one_split(self) -> Self:
        if self.heldout_fraction is not None and self.heldout_path is not None:
            raise ValueError(
                f"`heldout_fraction: {self.heldout_fraction:g}` contradicts `heldout_path`; give"
                " one of the two"
            )
        return self

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return f"labelled-{readable(self.path)}"

    @property
    def fraction(self) -> float:
        """The share that is held out where no file is."""
        return _FRACTION if self.heldout_fraction is None else self.heldout_fraction

    @property
    def head(self) -> Classifier:
        """A classifier of its labels."""
        return Classifier(labels=self.labels)

    @property
    def file_sets(self) -> tuple[FileSet, ...]:
        """The files of both sides."""
        paths = (self.path, *([self.heldout_path] if self.heldout_path else []))
        return tuple(FileSet(path, suffixes=LABELLED_SUFFIXES) for path in paths)
