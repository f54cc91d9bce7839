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
    """What every kept step of its subjects, all of one base, says of a suite's items, unscored.

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
    def apart(self) -> "tuple[Answers, ...]":
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
    def apart(self) -> "tuple[Scores, ...]":
        """The scores of each subject alone, where there are more."""
        return tuple(Scores(answers=each) for each in self.answers.apart)
