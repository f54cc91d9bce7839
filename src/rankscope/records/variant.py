"""What every data variant says of itself, so that nobody has to ask which kind it is.

Guarantees: the defaults are those of a variant that says nothing: it is not drawn from tasks, not
kept apart from anything, not fetched, and not trained on. Not here: the sources themselves
(`records.data`, `records.instructions`, `records.labelled`). Reads no disk.
"""

from typing import ClassVar, Literal, Self

from rankscope.records.found import FileSet
from rankscope.records.heads import Head
from rankscope.records.record import Artefact


class Data(Artefact):
    """What every data variant has in common."""

    stage: ClassVar[str] = "data"
    verb: ClassVar[str] = "data rows"
    trained_as: ClassVar[Literal["sequences", "examples", "labelled"] | None] = None
    """How a run takes it, as `data.encodings` and `train.feeds` know it; None: not at all."""

    @property
    def head(self) -> Head | None:
        """The head of a model that is trained on it.

        None: the one that the base was made with, causal or masked (`weights.text_head`).
        """
        return None

    @property
    def tests(self) -> Literal["intra", "inter"] | None:
        """Which tasks it tests: those trained on or others; None if it is no test of tasks."""
        return None

    # what a variant says of itself; most say nothing, and those below that do, say it

    has_heldout_rows: ClassVar[bool] = False
    """Whether its rows are of two splits, `train` and `heldout`."""
    shares_passages: ClassVar[bool] = False
    """Whether its texts have passages in common on purpose, as the definitions of tasks are."""

    is_fetched: ClassVar[bool] = False
    """Whether its text comes over the network the first time."""

    @property
    def file_sets(self) -> tuple[FileSet, ...]:
        """The files of the user's that its text stands in."""
        return ()

    @property
    def described(self) -> str:
        """What readers are told of it where its label says too little; else empty."""
        return ""

    @property
    def heldout_of(self) -> "Data":
        """The variant whose held-out rows an evaluation on this one reads."""
        return self

    @property
    def kept_apart_within(self) -> str | None:
        """What it is a part of, if no two parts of that share what is tested and trained on."""
        return None

    @property
    def undrawn(self) -> bool:
        """Whether it stands for one variant per sampling."""
        return False

    def drawn(self, seed: int) -> Self:
        """Return the variant of the sampling `seed`: itself, unless it is undrawn."""
        del seed
        return self

    @property
    def drawn_with(self) -> int | None:
        """The seed of its sampling; None where it is not drawn, or stands for every sampling."""
        return None

    @property
    def whatever_sampling(self) -> "Data":
        """What it and its other samplings are samplings of."""
        return self

    @property
    def series(self) -> str | None:
        """Its name in the multi-task paper's series of mixtures, if it is one of them."""
        return None

    @property
    def tasks_asked(self) -> int | Literal["all"] | None:
        """How many tasks are trained on, if it is made of tasks."""
        return None

    @property
    def examples_per_task_asked(self) -> int | None:
        """How many examples of each."""
        return None

    @property
    def collection(self) -> str | None:
        """The kind of source that its tasks are from."""
        return None
