"""The records at the centre: what a base, a data variant, a method, a recipe and a run are.

Guarantees: every record is frozen, refuses unknown keys and values of the wrong type (a number
written as a string included), and has a `name` under which its artefact is cached. A stage receives
such records and nothing else of a study. Not here: how a study file is written (`file`), how a grid
is unfolded (`expand`), checks that need a model or data (`check`).
"""

import platform
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from rankscope.errors import StudyError
from rankscope.study.fingerprint import fingerprint
from rankscope.study.identity import artefact_name
from rankscope.study.labels import ByLabel
from rankscope.study.written import OneOrMore


class Spec(BaseModel):
    """A frozen, strict record."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def canonical(self) -> dict[str, Any]:
        """Return the record as JSON types, defaults included."""
        return self.model_dump(mode="json")


Fraction = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Revision = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{40}$",
        description="the full commit hash of the repository, 40 hexadecimal digits (its history on"
        " the hub shows it); a branch or tag can move, and the results with it",
    ),
]


# --- data -----------------------------------------------------------------------------------------


class StandardLibrary(Spec):
    """Text that every Python installation carries: nothing is fetched.

    `code` is the source of the standard library's modules, `english` its docstrings and the pydoc
    topics. The text differs between Python versions, so the version is part of the name.
    """

    source: Literal["standard-library"]
    content: Literal["code", "english"]
    heldout_fraction: Fraction = 0.1
    max_bytes: Positive | None = None
    seed: Seed = 0

    @cached_property
    def name(self) -> str:
        """Folder name of the artefact."""
        content = self.canonical() | {"python": platform.python_version()}
        return artefact_name("data", f"stdlib-{self.content}", content)


TEXT_SUFFIXES = (".jsonl", ".parquet", ".txt")


class TextFiles(Spec):
    """One's own documents: a `.jsonl` or `.parquet` file, a `.txt` file, or a folder of them."""

    source: Literal["text"]
    path: str
    text_field: str = "text"
    heldout_fraction: Fraction = 0.1
    max_bytes: Positive | None = None
    seed: Seed = 0
    _files: str | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        """Take the fingerprint of the files, as far as they are there."""
        root = Path(self.path)
        files = root.rglob("*") if root.is_dir() else [root]
        wanted = (path for path in files if path.suffix in TEXT_SUFFIXES)
        self._files = fingerprint(wanted, root.parent)

    @cached_property
    def name(self) -> str:
        """Folder name of the artefact; other text under the same path is another artefact."""
        content = self.canonical() | {"files": self._files}
        return artefact_name("data", f"text-{slug(self.path)}", content)


class HubDataset(Spec):
    """A dataset repository of the Hugging Face hub, pinned to a revision."""

    source: Literal["hub"]
    repository: str
    revision: Revision
    configuration: str | None = None
    split: str = "train"
    text_field: str = "text"
    heldout_fraction: Fraction = 0.1
    max_bytes: Positive | None = None
    seed: Seed = 0

    @cached_property
    def name(self) -> str:
        """Folder name of the artefact."""
        return artefact_name("data", f"hub-{slug(self.repository)}", self.canonical())


DocumentSpec = Annotated[StandardLibrary | TextFiles | HubDataset, Discriminator("source")]


class Continuations(Spec):
    """Multiple-choice items cut from the held-out documents of another variant.

    Each item is a context and `choices` endings: the true one and endings of other documents.
    """

    source: Literal["continuations"]
    documents: Annotated[DocumentSpec, ByLabel()]
    items: Positive = 200
    choices: Annotated[int, Field(ge=2, le=8)] = 4
    context_words: Positive = 24
    ending_words: Positive = 12
    seed: Seed = 0

    @cached_property
    def name(self) -> str:
        """Folder name of the artefact."""
        content = self.canonical() | {"documents": self.documents.name}
        return artefact_name("data", "continuations", content)


DataSpec = Annotated[
    StandardLibrary | TextFiles | HubDataset | Continuations, Discriminator("source")
]


# --- base -----------------------------------------------------------------------------------------


class EmbeddedBase(Spec):
    """A small Llama-architecture decoder with its own byte-level BPE, pre-trained here."""

    source: Literal["embedded"]
    corpus: Annotated[DocumentSpec, ByLabel()]
    vocabulary_size: Annotated[int, Field(ge=257)] = 1024
    hidden_size: Positive = 128
    layers: Positive = 4
    heads: Positive = 4
    intermediate_size: Positive = 344
    context_length: Positive = 128
    steps: Positive = 800
    batch_size: Positive = 4
    learning_rate: Annotated[float, Field(gt=0)] = 2.0e-3
    seed: Seed = 0

    @cached_property
    def name(self) -> str:
        """Folder name of the artefact."""
        content = self.canonical() | {"corpus": self.corpus.name}
        return artefact_name("base", f"embedded-h{self.hidden_size}-l{self.layers}", content)


MODEL_FILES = ("*.json", "*.safetensors", "*.model", "merges.txt", "vocab.txt", "*.jinja")


class LocalBase(Spec):
    """A model folder in the Hugging Face layout (config.json, safetensors, tokenizer)."""

    source: Literal["local"]
    path: str
    _files: str | None = PrivateAttr(default=None)

    def model_post_init(self, context: Any, /) -> None:
        """Take the fingerprint of the files, as far as they are there."""
        root = Path(self.path)
        files = (path for pattern in MODEL_FILES for path in root.glob(pattern))
        self._files = fingerprint(files, root)

    @cached_property
    def name(self) -> str:
        """Folder name of the artefact; another model under the same path is another base."""
        content = self.canonical() | {"files": self._files}
        return artefact_name("base", slug(self.path), content)


class HubBase(Spec):
    """A model repository of the Hugging Face hub, pinned to a revision."""

    source: Literal["hub"]
    repository: str
    revision: Revision

    @cached_property
    def name(self) -> str:
        """Folder name of the artefact."""
        return artefact_name("base", slug(self.repository), self.canonical())


BaseSpec = Annotated[EmbeddedBase | LocalBase | HubBase, Discriminator("source")]


# --- method and recipe ----------------------------------------------------------------------------


class FullFineTuning(Spec):
    """Every weight of the base is trained, embeddings included."""

    kind: Literal["full"] = "full"

    @property
    def slug(self) -> str:
        """The readable part of a run's name."""
        return "full"

    @property
    def label(self) -> str:
        """What figures and tables call it."""
        return "Full"

    @property
    def rank(self) -> None:
        """Full fine-tuning has no rank limit."""
        return None


class LoraOptions(Spec):
    """What LoRA needs besides rank and alpha.

    `target_modules` are names as in peft: `q_proj` is every module whose name ends so.
    """

    target_modules: Literal["all-linear"] | Annotated[tuple[str, ...], Field(min_length=1)] = (
        "all-linear"
    )
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    rslora: bool = False
    allow_rank_above_dimension: bool = False


class Lora(LoraOptions):
    """Low-rank adaptation: W = W0 + (alpha / r) B A, or alpha / sqrt(r) where `rslora` is set."""

    kind: Literal["lora"] = "lora"
    rank: Positive
    alpha: Annotated[float, Field(gt=0)]

    @property
    def slug(self) -> str:
        """The readable part of a run's name."""
        return f"lora-r{self.rank}"

    @property
    def label(self) -> str:
        """What figures and tables call it."""
        return f"LoRA r={self.rank}"


Method = Annotated[FullFineTuning | Lora, Discriminator("kind")]


class Recipe(Spec):
    """How a run is optimised; everything but the method and the seed."""

    learning_rate: Annotated[float, Field(gt=0)]
    steps: Positive | None = None
    epochs: Annotated[float, Field(gt=0)] | None = None
    batch_size: Positive = 16
    micro_batch_size: Positive | None = None
    sequence_length: Annotated[int, Field(ge=8)] = 256
    optimizer: Literal["adamw"] = "adamw"
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.05
    max_gradient_norm: Annotated[float, Field(gt=0)] = 1.0
    precision: Literal["float32", "bfloat16"] = "float32"
    keep: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (0.1, 0.25, 0.5, 1.0)

    @field_validator("epochs")
    @classmethod
    def _one_length(cls, epochs: float | None, info: ValidationInfo) -> float | None:
        steps = info.data.get("steps")
        if epochs is not None and steps is not None:
            raise ValueError(f"{epochs:g} epochs contradict `steps: {steps}`; give one of the two")
        return epochs

    @field_validator("micro_batch_size")
    @classmethod
    def _divides_batch(cls, micro: int | None, info: ValidationInfo) -> int | None:
        batch = info.data.get("batch_size")
        if micro is not None and batch is not None and batch % micro:
            divisors = ", ".join(str(size) for size in range(1, batch + 1) if batch % size == 0)
            raise ValueError(
                f"{micro} does not divide `batch_size: {batch}`; allowed here: {divisors}"
            )
        return micro

    @field_validator("keep")
    @classmethod
    def _ends_with_the_run(cls, keep: tuple[float, ...]) -> tuple[float, ...]:
        if list(keep) != sorted(set(keep)) or not keep or keep[-1] != 1.0:
            raise ValueError(
                f"{list(keep)} must be ascending fractions of the run that end with 1.0, such as"
                " [0.1, 0.5, 1.0]: the weights are kept there, and the last ones are needed"
            )
        return keep

    @model_validator(mode="after")
    def _has_a_length(self) -> "Recipe":
        if self.steps is None and self.epochs is None:
            raise ValueError("the length of a run is missing: give `steps` or `epochs`")
        return self

    def kept_steps(self, total_steps: int) -> tuple[int, ...]:
        """Optimizer steps whose weights are kept, for a run of `total_steps`."""
        return tuple(sorted({max(1, round(share * total_steps)) for share in self.keep}))


class Run(Spec):
    """One training run: base × data variant × method × recipe × seed."""

    base: BaseSpec
    data: DocumentSpec
    method: Method
    recipe: Recipe
    seed: Seed

    @cached_property
    def name(self) -> str:
        """Folder name of the artefact, such as `lora-r16-3f9a1c2b`."""
        content = self.canonical() | {"base": self.base.name, "data": self.data.name}
        return artefact_name("train", self.method.slug, content)

    def keys(self) -> dict[str, Any]:
        """The key columns that every tidy table of this run carries."""
        return {
            "run": self.name,
            "base": self.base.name,
            "data": self.data.name,
            "method": self.method.label,
            "rank": self.method.rank,
            "seed": self.seed,
        }


# --- evaluate and spectra -------------------------------------------------------------------------


class BitsPerByte(Spec):
    """Negative log-likelihood of held-out documents, in bits per UTF-8 byte.

    `documents` caps how many are read (the same ones for every run); of a document longer than
    `max_bytes_per_document` a passage of at most that size is taken from its middle, because the
    head of a source file is licence and prose.
    """

    kind: Literal["bits-per-byte"]
    name: str
    measures: Literal["learning", "forgetting"]
    data: Annotated[DocumentSpec, ByLabel()]
    documents: Positive | None = None
    max_bytes_per_document: Annotated[int, Field(ge=16)] | None = None

    @property
    def unit(self) -> str:
        """Unit of the score."""
        return "bits per byte"


class Harness(Spec):
    """A task of lm-eval-harness under its official template, on local items."""

    kind: Literal["harness"]
    name: str
    measures: Literal["learning", "forgetting"]
    task: Literal["hellaswag"]
    data: Annotated[Continuations, ByLabel()]

    @property
    def unit(self) -> str:
        """Unit of the score."""
        return "accuracy"


Evaluation = Annotated[BitsPerByte | Harness, Discriminator("kind")]


class Suite(Spec):
    """Evaluations that share one process and one loaded base per run."""

    suite: str
    evaluations: tuple[Evaluation, ...]

    @cached_property
    def name(self) -> str:
        """Part of the artefact's file name."""
        content = [
            evaluation.canonical() | {"data": evaluation.data.name}
            for evaluation in self.evaluations
        ]
        return artefact_name("evaluate", self.suite, content)


class SpectraSettings(Spec):
    """What is counted in the spectra of every kept step.

    `ks` and `epsilons` span the grid of intruder counts; `similarity_size` is the number of leading
    vectors in the stored similarity matrix.
    """

    epsilons: Annotated[tuple[Fraction, ...], OneOrMore()] = (
        0.1,
        0.2,
        0.3,
        0.4,
        0.5,
        0.6,
        0.7,
        0.8,
        0.9,
    )
    ks: Annotated[tuple[Positive, ...], OneOrMore()] = (1, 2, 5, 10, 20)
    similarity_size: Positive = 10

    @cached_property
    def name(self) -> str:
        """Part of the artefact's file name."""
        return artefact_name("spectra", "spectra", self.canonical())


class Study(Spec):
    """An expanded study: the only object a workflow reads.

    `data` holds the variants under the labels of the study file.
    """

    study: str
    title: str
    question: str
    path: str
    base: BaseSpec
    data: dict[str, DataSpec]
    runs: tuple[Run, ...]
    suites: tuple[Suite, ...]
    spectra: SpectraSettings | None
    headline: tuple[str, str] | None

    def run(self, name: str) -> Run:
        """Return the run called `name`.

        Raises:
            StudyError: the study has no such run.
        """
        return self._named("run", name, {run.name: run for run in self.runs})

    def variant(self, name: str) -> StandardLibrary | TextFiles | HubDataset | Continuations:
        """Return a data variant by its label in the study file or its artefact's name.

        Raises:
            StudyError: the study has no such variant.
        """
        return self._named(
            "data variant", name, self.data | {d.name: d for d in self.data.values()}
        )

    def suite(self, name: str) -> Suite:
        """Return a suite by its label or its artefact's name.

        Raises:
            StudyError: the study has no such suite.
        """
        by_label = {suite.suite: suite for suite in self.suites}
        return self._named("suite", name, by_label | {suite.name: suite for suite in self.suites})

    def _named(self, kind: str, name: str, known: dict[str, Any]) -> Any:
        if name not in known:
            raise StudyError(
                f"{self.path}: the study has no {kind} {name!r}; it has: {', '.join(known)}"
            )
        return known[name]


def slug(text: str) -> str:
    """Shorten a path or repository id to what is safe and readable in a file name."""
    tail = text.rstrip("/").rsplit("/", 1)[-1]
    return "".join(c if c.isalnum() or c == "_" else "-" for c in tail).lower() or "unnamed"
