"""Records of what is measured: versions that others published; what is asked, and the scores.

Guarantees: what is measured (a `Subject`) has a `name` and `keys()`, and says what has to lie on
the disk to load it (`loaded`); nothing else is asked of it here.
"""

from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field

from rankscope.records.bases import MODEL_FILES, Reference
from rankscope.records.evaluations import Suite
from rankscope.records.found import FileSet, Located
from rankscope.records.keys import PUBLISHED, VERSION_KEYS
from rankscope.records.record import Artefact, Revision, Spec, readable
from rankscope.records.runs import BaseSpec, Run, TrainedBase
from rankscope.records.versions import Kept, Version


class LocalVersion(Located):
    """A folder with a peft adapter, or with a full checkpoint in the Hugging Face layout."""

    source: Literal["local"]
    path: str = Field(
        description="folder with adapter_config.json or config.json, and safetensors, seen from"
        " where rankscope is started"
    )

    @property
    def reference(self) -> Reference:
        """The path as the study gives it."""
        return Reference(self.path)

    @property
    def file_sets(self) -> tuple[FileSet, ...]:
        """The files of adapter or checkpoint."""
        return (FileSet(self.path, patterns=MODEL_FILES),)


class HubVersion(Spec):
    """An adapter or checkpoint of the Hugging Face hub, pinned to a revision."""

    found: ClassVar[None] = None
    file_sets: ClassVar[tuple[FileSet, ...]] = ()

    source: Literal["hub"]
    repository: str = Field(description="adapter or model on the hub, such as owner/name")
    revision: Revision

    @property
    def reference(self) -> Reference:
        """Repository and revision."""
        return Reference(self.repository, self.revision)


WrittenVersion = Annotated[LocalVersion | HubVersion, Discriminator("source")]
"""Where an adapter or checkpoint lies."""


class Published(Artefact):
    """What others trained on a base: a row of a study without training, under its `label`.

    Its step is 0, as nothing of its training is known here; its family tells it from the base.
    """

    stage: ClassVar[str] = "base"
    verb: ClassVar[str] = "base version"

    base: BaseSpec
    label: str
    where: WrittenVersion

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return f"version-{readable(self.label)}"

    @property
    def trained_base(self) -> BaseSpec:
        """What it is loaded on, and compared with."""
        return self.base

    @property
    def loaded(self) -> tuple[Artefact, ...]:
        """What has to lie on the disk to load it."""
        return self.base, self

    def keys(self) -> dict[str, Any]:
        """The key columns of every row about it (`records.keys`)."""
        known = {
            "run": self.name, "base": self.base.name, "family": PUBLISHED, "method": self.label
        }  # fmt: skip
        return {column: known.get(column) for column in VERSION_KEYS}

    def versions(self, kept: Kept) -> tuple[Version, ...]:
        """Return what of it can be measured: the one that was published."""
        return tuple(
            Version(
                self.name,
                self.base.name,
                folder,
                self.keys() | {"step": step},
                is_published=True,
            )
            for step, folder in kept(self.verb, self.name).items()
        )


Subject = TrainedBase | Run | Published
"""What can be measured."""


class Answers(Artefact):
    """What every version of its subjects, all of one base, says of a suite's items, unscored.

    Several subjects share one process and one loaded base. Which of them are put together decides
    nothing of what they say.
    """

    stage: ClassVar[str] = "evaluate"
    verb: ClassVar[str] = "evaluate predict"

    subjects: tuple[Subject, ...]
    suite: Suite

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        first, *others = self.subjects
        more = f"-and-{len(others)}" if others else ""
        return f"{first.name}{more}-{self.suite.label}"

    @cached_property
    def sources(self) -> tuple[Artefact, ...]:
        """What the subjects are loaded from, and the data that they are asked about."""
        loaded = [record for subject in self.subjects for record in subject.loaded]
        asked = [each.data for each in self.suite.evaluations]
        return tuple({record.name: record for record in (*loaded, *asked)}.values())

    @cached_property
    def of_each_subject(self) -> "tuple[Answers, ...]":
        """The answers of each subject alone, as a person may ask for them, where there are more."""
        if len(self.subjects) == 1:
            return ()
        return tuple(Answers(subjects=(each,), suite=self.suite) for each in self.subjects)


class Scores(Artefact):
    """What the answers are worth: one row per item and metric."""

    stage: ClassVar[str] = "evaluate"
    verb: ClassVar[str] = "evaluate score"

    answers: Answers

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return self.answers.slug

    @cached_property
    def of_each_subject(self) -> "tuple[Scores, ...]":
        """The scores of each subject alone, where there are more."""
        return tuple(Scores(answers=each) for each in self.answers.of_each_subject)
