"""Records of what is measured on a base or a run: what it says of a suite's items, and its scores.

Guarantees: what is measured (a `Subject`) has a `name` and `keys()`, and says what has to lie on
the disk to load it (`loaded`); nothing else is asked of it here.
"""

from functools import cached_property
from typing import ClassVar

from rankscope.records.evaluations import Suite
from rankscope.records.record import Artefact
from rankscope.records.runs import Run, TrainedBase

Subject = TrainedBase | Run
"""What can be measured."""


class Answers(Artefact):
    """What every kept step of a subject says of the items of a suite, unscored."""

    stage: ClassVar[str] = "evaluate"
    verb: ClassVar[str] = "evaluate predict"

    subject: Subject
    suite: Suite

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return f"{self.subject.name}-{self.suite.label}"

    @cached_property
    def sources(self) -> tuple[Artefact, ...]:
        """What the subject is loaded from, and the data that it is asked about."""
        asked = {each.data.name: each.data for each in self.suite.evaluations}
        return (*self.subject.loaded, *asked.values())


class Scores(Artefact):
    """What the answers are worth: one row per item and metric."""

    stage: ClassVar[str] = "evaluate"
    verb: ClassVar[str] = "evaluate score"

    answers: Answers

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return self.answers.slug
