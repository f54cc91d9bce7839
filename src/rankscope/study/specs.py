"""The records at the centre: what a base, a data variant, a method, a recipe and a run are.

Guarantees: every record is frozen, refuses unknown keys and values of the wrong type (a number
written as a string included), and has a `name` under which its artefact is cached. A stage receives
such records and nothing else of a study. They are defined by kind in `data_specs`, `base_specs`,
`run_specs` and `evaluation_specs`, and imported from here. Not here: how a study file is written
(`file`), how a grid is unfolded (`expand`), checks that need a model or data (`check`).
"""

from functools import cached_property
from typing import Any

from rankscope.errors import StudyError
from rankscope.study.base_specs import MODEL_FILES, BaseSpec, EmbeddedBase, HubBase, LocalBase
from rankscope.study.data_specs import (
    TEXT_SUFFIXES,
    Continuations,
    DataSpec,
    DocumentSpec,
    HubDataset,
    StandardLibrary,
    TextFiles,
)
from rankscope.study.evaluation_specs import (
    BitsPerByte,
    Evaluation,
    Harness,
    SpectraSettings,
    Suite,
)
from rankscope.study.record import Fraction, Positive, Revision, Seed, Spec, slug
from rankscope.study.run_specs import FullFineTuning, Lora, LoraOptions, Method, Recipe, Run

__all__ = [
    "MODEL_FILES",
    "TEXT_SUFFIXES",
    "BaseSpec",
    "BitsPerByte",
    "Continuations",
    "DataSpec",
    "DocumentSpec",
    "EmbeddedBase",
    "Evaluation",
    "Fraction",
    "FullFineTuning",
    "Harness",
    "HubBase",
    "HubDataset",
    "LocalBase",
    "Lora",
    "LoraOptions",
    "Method",
    "Positive",
    "Recipe",
    "Revision",
    "Run",
    "Seed",
    "Spec",
    "SpectraSettings",
    "StandardLibrary",
    "Study",
    "Suite",
    "TextFiles",
    "slug",
]


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

    @cached_property
    def runs_by_name(self) -> dict[str, Run]:
        """The runs under their names."""
        return {run.name: run for run in self.runs}

    def run(self, name: str) -> Run:
        """Return the run called `name`.

        Raises:
            StudyError: the study has no such run.
        """
        return self._named("run", name, self.runs_by_name)

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
