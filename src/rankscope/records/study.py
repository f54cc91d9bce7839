"""An expanded study: its base, data variants, runs, suites and settings.

Guarantees: like every record it is frozen and strict. Not here: how a study file is
written (`studies.form`), how a grid is unfolded (`studies.expand`), what can be wrong (`check`).
"""

from functools import cached_property

from rankscope.records.bases import (
    BaseSpec,
    EmbeddedBase,
    TrainedBase,
)
from rankscope.records.data import (
    DataSpec,
    source_of,
)
from rankscope.records.evaluations import (
    SpectraSettings,
    Suite,
)
from rankscope.records.record import Spec
from rankscope.records.runs import Run


class Study(Spec):
    """An expanded study: the only object a workflow reads.

    `data` holds the variants under the labels of the study file. `series` holds the label of each
    run's series under the run's name, for runs whose block names one: it is the study's word for
    some of its runs, and so no part of a run. `tuned_in` names the study whose sweep chose the
    learning rates, if one did.
    """

    study: str
    title: str
    question: str
    path: str
    base: BaseSpec
    data: dict[str, DataSpec]
    runs: tuple[Run, ...]
    series: dict[str, str]
    suites: tuple[Suite, ...]
    spectra: SpectraSettings | None
    headline: tuple[str, str] | None
    tuned_in: str | None

    @cached_property
    def runs_by_name(self) -> dict[str, Run]:
        """The runs under their names."""
        return {run.name: run for run in self.runs}

    @cached_property
    def bases(self) -> dict[str, TrainedBase]:
        """The base of the study, and what runs are trained on instead of it, by name."""
        found = (self.base, *(run.trained_base for run in self.runs))
        return {base.name: base for base in found}

    def series_of(self, run: Run) -> str:
        """The label of the series that `run` belongs to, or an empty text."""
        return self.series.get(run.name, "")

    @cached_property
    def variants(self) -> dict[str, DataSpec]:
        """Every data variant under its label, and under its name also where it has no label."""
        found: dict[str, DataSpec] = dict(self.data)
        named: list[DataSpec | None] = [
            *self.data.values(),
            *([self.base.corpus] if isinstance(self.base, EmbeddedBase) else []),
            *(run.data for run in self.runs),
            *(evaluation.data for suite in self.suites for evaluation in suite.evaluations),
        ]
        for spec in named:
            if spec is not None and spec.name not in found:
                found[spec.name] = spec
                named.append(source_of(spec))
        return found

    @cached_property
    def suites_by_name(self) -> dict[str, Suite]:
        """The suites under their labels and their artefacts' names."""
        by_label = {suite.label: suite for suite in self.suites}
        return by_label | {suite.name: suite for suite in self.suites}

    @cached_property
    def measured(self) -> tuple[tuple[str, Suite], ...]:
        """Every suite with each run it measures, the base (measured by all) first."""
        return tuple(
            pair
            for suite in self.suites
            for pair in (
                (self.base.name, suite),
                *((run.name, suite) for run in self.runs if suite.measures(run)),
            )
        )
