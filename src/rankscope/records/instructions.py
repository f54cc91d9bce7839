"""Records of the instruction-tuning data: task collections, mixtures and test sets.

Guarantees: frozen, strict, and named by what decides the content, like every record of a study. A
mixture's name depends on its own size and the sizes nested in it, not on larger ones: adding a
mixture to a study trains no other mixture again. A mixture or an intra-task test set that leaves
out its sampling seed stands for one per sampling; unfolding a grid replaces it (`drawn`).
"""

from pathlib import PurePath
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, model_validator

from rankscope.errors import StudyError
from rankscope.records.found import FileSet, Located
from rankscope.records.heads import CausalLM
from rankscope.records.labels import ByLabel
from rankscope.records.record import Positive, Revision, Seed, readable
from rankscope.records.variant import Data

CATEGORY_TABLE = "task_categories.tsv"
TemplateName = Annotated[
    Literal["tk-instruct", "alpaca"],
    Field(description="tk-instruct: its definition-only prompt; alpaca: the template with input"),
]
Categories = Annotated[
    str | None,
    Field(description="tab-separated table with the columns task and category"),
]
SamplingSeed = Annotated[
    Seed | None,
    Field(description="left out: one sampling for each seed of the runs"),
]


# --- collections of tasks -------------------------------------------------------------------------


class Niv2Tasks(Data, Located):
    """Super-NaturalInstructions in its official layout: a folder, or a git checkout of it.

    `split` names the folder under `splits/`. `categories` is a tab-separated table with the columns
    `task` and `category`; by default `task_categories.tsv` of the folder, where there is one, and
    else the category in the task's own file. With `commit` a checkout must be at that commit.
    Training tasks with fewer than `minimum_instances` instances are left out and listed. The folder
    may also be a copy of a mirror in JSON lines (see `Niv2Mirror`), which has no split lists.
    """

    source: Literal["niv2"]
    path: str = Field(
        description="folder with tasks/ and splits/, seen from where rankscope is started"
    )
    split: str = "default"
    categories: Categories = None
    commit: Revision | None = None
    minimum_instances: Positive = 100

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return f"niv2-{readable(self.path)}"

    @property
    def file_sets(self) -> tuple[FileSet, ...]:
        """Tasks, split lists and categories, or the mirror's lines."""
        root = PurePath(self.path)
        return (
            FileSet(str(root / "tasks"), patterns=("*.json",)),
            FileSet(str(root / "splits" / self.split), patterns=("*.txt",)),
            FileSet(self.categories or str(root / CATEGORY_TABLE)),
            FileSet(str(root / "train"), patterns=("*.jsonl",)),
            FileSet(str(root / "test"), patterns=("*.jsonl",)),
        )


class Niv2Mirror(Data, Located):
    """A mirror of Super-NaturalInstructions on the Hugging Face hub, pinned to a revision.

    Either the official layout, or one of JSON lines, `train/*.jsonl` and `test/*.jsonl`, with the
    fields task_name, id, definition, inputs, targets; those carry no category, so that `categories`
    must name a local table.
    """

    source: Literal["niv2-hub"]
    repository: str = Field(description="dataset on the hub, such as owner/name")
    revision: Revision
    split: str = "default"
    categories: Categories = None
    minimum_instances: Positive = 100

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return f"niv2-{readable(self.repository)}"

    @property
    def file_sets(self) -> tuple[FileSet, ...]:
        """The table of categories, which is the user's own."""
        return () if self.categories is None else (FileSet(self.categories),)


class MadeTasks(Data):
    """Small tasks made by rankscope itself in the schema of Super-NaturalInstructions."""

    source: Literal["made-tasks"]
    instances_per_task: Annotated[int, Field(ge=20, le=2000)] = 200
    seed: Seed = 0

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return "made-tasks"


TaskSpec = Annotated[Niv2Tasks | Niv2Mirror | MadeTasks, Discriminator("source")]


# --- what is drawn from them ----------------------------------------------------------------------


class TestSet(Data):
    """Test items of one kind.

    `intra`: the tasks of the smallest mixture of a sampling, `tasks_tested` of them, with items
    that no mixture of that sampling trains on. `inter`: the test tasks of the split lists, balanced
    over labels; the same for every sampling, so it has neither `tasks_tested` nor a seed.
    """

    __test__ = False  # not a test class, whatever its name makes pytest believe

    shares_passages = True

    source: Literal["test-set"]
    kind: Literal["intra", "inter"]
    tasks: Annotated[TaskSpec, ByLabel()]
    examples_per_task: Positive = 100
    tasks_tested: Positive | None = Field(
        None, description="of kind intra: the size of the smallest mixture"
    )
    sampling_seed: SamplingSeed = None
    template: TemplateName = "tk-instruct"

    @model_validator(mode="after")
    def _consistent(self) -> "TestSet":
        if self.kind == "intra" and self.tasks_tested is None:
            raise ValueError(
                "an intra-task test set needs `tasks_tested`, the size of the smallest mixture"
            )
        if self.kind == "inter" and (self.tasks_tested, self.sampling_seed) != (None, None):
            raise ValueError("an inter-task test set has no `tasks_tested` and no `sampling_seed`")
        return self

    @property
    def tests(self) -> Literal["intra", "inter"]:
        """Which tasks it tests."""
        return self.kind

    @property
    def undrawn(self) -> bool:
        """Whether this stands for one test set per sampling."""
        return self.kind == "intra" and self.sampling_seed is None

    def drawn(self, seed: int) -> Self:
        """Return the test set of the sampling `seed`."""
        return self.replaced(sampling_seed=seed) if self.undrawn else self

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        return self.kind if self.sampling_seed is None else f"{self.kind}-s{self.sampling_seed}"

    @property
    def described(self) -> str:
        """What readers are told of it."""
        items = f"{self.examples_per_task} items of each task"
        if self.kind == "inter":
            return f"{items} that no run was trained on"
        own = " of the run's own sampling" if self.sampling_seed is not None else ""
        return f"{items} of the smallest mixture{own}"

    @property
    def kept_apart_within(self) -> str:
        """The collection, from which mixtures are drawn after their test sets."""
        return self.tasks.name

    @property
    def drawn_with(self) -> int | None:
        """The seed of its sampling."""
        return self.sampling_seed


class Mixture(Data):
    """Training examples of `size` tasks under one sampling seed.

    `nested` holds the sizes of the mixtures that lie inside this one, ascending; the tasks of the
    smallest (this one itself if none) make the intra-task test set. `with_replacement` draws the
    examples of the fixed-size series, T*100 and T*500 of the paper.
    """

    trained_as = "examples"
    shares_passages = True

    source: Literal["mixture"]
    tasks: Annotated[TaskSpec, ByLabel()]
    size: Positive | Literal["all"] = Field(description="number of training tasks, or all")
    nested: tuple[Positive, ...] = Field(
        (), description="sizes of the mixtures inside this one, ascending"
    )
    examples_per_task: Positive = 100
    with_replacement: bool = False
    test_examples_per_task: Positive = Field(
        100, description="items of a task in both test sets, which are kept out of training"
    )
    sampling_seed: SamplingSeed = None
    template: TemplateName = "tk-instruct"
    answer_tokens: Annotated[int, Field(ge=2)] = Field(
        128,
        description="longest answer in tokens, end-of-text included; the prompt has the rest of"
        " recipe.sequence_length",
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Mixture":
        sizes = [*self.nested, *([] if self.size == "all" else [self.size])]
        if sizes != sorted(set(sizes)):
            raise ValueError("`nested` must be ascending sizes, all of them smaller than `size`")
        if not sizes:
            raise ValueError(
                "a mixture of all tasks needs the size of the smallest mixture in `nested`:"
                " its tasks make the intra-task test set"
            )
        return self

    @property
    def head(self) -> CausalLM:
        """That of a model that answers prompts."""
        return CausalLM()

    @property
    def undrawn(self) -> bool:
        """Whether this stands for one mixture per sampling."""
        return self.sampling_seed is None

    def drawn(self, seed: int) -> Self:
        """Return the mixture of the sampling `seed`."""
        return self.replaced(sampling_seed=seed) if self.undrawn else self

    @property
    def sampling(self) -> int:
        """The sampling seed of a drawn mixture.

        Raises:
            StudyError: this stands for one mixture per sampling, none of which is chosen.
        """
        if self.sampling_seed is None:
            raise StudyError(f"{self.name}: which sampling? Its `sampling_seed` is not given")
        return self.sampling_seed

    @property
    def chain(self) -> tuple[int, ...]:
        """The nested sizes and, unless it is `all`, the mixture's own."""
        return (*self.nested, *(() if self.size == "all" else (self.size,)))

    @property
    def drawn_with(self) -> int | None:
        """The seed of its sampling."""
        return self.sampling_seed

    @property
    def whatever_sampling(self) -> "Mixture":
        """The mixture that stands for every sampling."""
        return self.replaced(sampling_seed=None)

    @property
    def described(self) -> str:
        """What readers are told of it."""
        return f"{self.series} ({self.examples_per_task} examples per task)"

    @property
    def kept_apart_within(self) -> str:
        """The collection, of which its test sets are kept out."""
        return self.tasks.name

    @property
    def tasks_asked(self) -> int | Literal["all"]:
        """How many tasks are trained on."""
        return self.size

    @property
    def examples_per_task_asked(self) -> int:
        """How many examples of each."""
        return self.examples_per_task

    @property
    def collection(self) -> str:
        """The kind of source that its tasks are from."""
        return self.tasks.source

    @property
    def series(self) -> str:
        """What tables call it, whatever the sampling: `T100`, `T*100`, `Tall`."""
        return f"T{'*' if self.with_replacement else ''}{self.size}"

    def label(self, training_tasks: int) -> str:
        """What figures call it: as `series`, but `T757` where all of 757 tasks are in."""
        return self.series.replace("all", str(training_tasks))

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        star = "star-" if self.with_replacement else ""
        seed = "" if self.sampling_seed is None else f"-s{self.sampling_seed}"
        return f"t-{star}{self.size}{seed}"

    def test_set(self, kind: Literal["intra", "inter"]) -> TestSet:
        """Return the test set that belongs to this mixture."""
        intra = kind == "intra"
        return TestSet(
            source="test-set",
            kind=kind,
            tasks=self.tasks,
            examples_per_task=self.test_examples_per_task,
            tasks_tested=self.chain[0] if intra else None,
            sampling_seed=self.sampling_seed if intra else None,
            template=self.template,
        )
