"""Records of what is asked of a run: evaluations in suites."""

from functools import cached_property
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field

from rankscope.records.data import Continuations, DocumentSpec
from rankscope.records.heads import CausalLM, Head
from rankscope.records.instructions import TestSet
from rankscope.records.labelled import LabelledText
from rankscope.records.labels import ByLabel
from rankscope.records.naming import artefact_name
from rankscope.records.record import Positive, Seed, Spec, readable
from rankscope.records.runs import Run

EvaluationName = Annotated[
    str, Field(min_length=1, description="name of the scores in tables and figures")
]
Measures = Annotated[
    Literal["learning", "forgetting"],
    Field(description="learning: what is trained on; forgetting: what the base could do before"),
]


class BitsPerByte(Spec):
    """Negative log-likelihood of held-out documents, in bits per UTF-8 byte.

    `documents` caps how many are read (the same ones for every run); of a document longer than
    `max_bytes_per_document` a passage of at most that size is taken from its middle, because the
    head of a source file is licence and prose.
    """

    unit: ClassVar[str] = "bits per byte"
    head: ClassVar[Head] = CausalLM()

    kind: Literal["bits-per-byte"]
    name: EvaluationName
    measures: Measures
    data: Annotated[DocumentSpec, ByLabel()]
    documents: Positive | None = Field(None, description="most documents to read")
    max_bytes_per_document: Annotated[int, Field(ge=16)] | None = Field(
        None, description="of a longer document a passage of at most this size is read"
    )


class Harness(Spec):
    """A task of lm-eval-harness under its official template, on local items."""

    unit: ClassVar[str] = "accuracy"
    head: ClassVar[Head] = CausalLM()

    kind: Literal["harness"]
    name: EvaluationName
    measures: Measures
    task: Literal["hellaswag"]
    data: Annotated[Continuations, ByLabel()]


class Generate(Spec):
    """Greedy answers to the prompts of a test set, scored apart as text.

    An intra-task test set without a sampling seed is that of each run's own sampling.
    """

    unit: ClassVar[str] = "exact match"
    head: ClassVar[Head] = CausalLM()

    kind: Literal["generate"]
    name: EvaluationName
    measures: Measures
    data: Annotated[TestSet, ByLabel()]
    prompt_tokens: Annotated[int, Field(ge=16)] = Field(
        1024, description="longest prompt; a longer one loses the end of its input"
    )
    answer_tokens: Positive = Field(128, description="most tokens to generate")


class Classify(Spec):
    """Which of their labels a classifier gives to held-out texts or pairs.

    `text_tokens` caps what is read of each: a longer one loses the end of its longer text.
    """

    unit: ClassVar[str] = "accuracy"

    kind: Literal["classify"]
    name: EvaluationName
    measures: Measures
    data: Annotated[LabelledText, ByLabel()]
    text_tokens: Annotated[int, Field(ge=8)] = Field(
        256, description="longest text or pair; a longer one loses the end of its longer text"
    )

    @property
    def head(self) -> Head:
        """A classifier of the labels."""
        return self.data.head


Evaluation = Annotated[BitsPerByte | Harness | Generate | Classify, Discriminator("kind")]
"""What is asked of a model under a `head`, with scores in a `unit`."""
LONGEST_KEY = 40


def key(evaluation: Evaluation) -> str:
    """Return what the artefacts of an evaluation are called, after the version that was asked.

    It covers all that decides the evaluation, the version of its own class included: what changes
    in one kind of evaluation renames nothing of another.
    """
    slug = readable(evaluation.name).encode()[:LONGEST_KEY].decode(errors="ignore")
    return artefact_name("evaluate", slug, evaluation.identity())


class Suite(Spec):
    """Evaluations that share one process and one loaded base per run.

    With a `sampling_seed` it measures the runs of that sampling alone (and the base).
    """

    suite: str
    evaluations: tuple[Evaluation, ...]
    sampling_seed: Seed | None = None

    @property
    def label(self) -> str:
        """What the study file calls it, and the sampling."""
        return self.suite if self.sampling_seed is None else f"{self.suite}-s{self.sampling_seed}"

    def measures(self, run: Run) -> bool:
        """Whether `run` is evaluated on this suite."""
        return self.sampling_seed in (None, run.sampling_seed)

    @cached_property
    def name(self) -> str:
        """Part of the artefact's file name."""
        content = [evaluation.identity() for evaluation in self.evaluations]
        return artefact_name("evaluate", self.suite, content)
