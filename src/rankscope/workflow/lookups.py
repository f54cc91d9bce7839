"""What the rules look up: inputs of a job by the names in its wildcards.

Guarantees: functions of the studies that the workflow was started with; no other file is read,
nothing but snapshots of these is written. The rules hold no logic of their own: whatever must be
computed for one stands here, where it is tested. How a workflow starts: `start`.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rankscope.artefacts import layout
from rankscope.artefacts.reading import lost_files
from rankscope.errors import RankscopeError
from rankscope.records.bases import EmbeddedBase, QuantisedBase
from rankscope.records.data import source_of
from rankscope.records.study import Study
from rankscope.report.chapters.contents import chapters_of, declared
from rankscope.studies.snapshot import write_snapshot
from rankscope.studies.store import Studies
from rankscope.workflow.start import refuse_unknown_targets

logger = logging.getLogger(__name__)

Inputs = Callable[[Any], list[str]]

# what a stage's name on the command line stands for: `snakemake --forcerun evaluate`
STAGE_RULES = {
    "data": ("data_rows", "data_pack"),
    "base": ("base_model",),
    "train": ("train_run",),
    "evaluate": ("evaluate_predict", "evaluate_score"),
    "spectra": ("spectra_base", "spectra_run"),
    "report": ("report_tables", "report_chapter", "report_page"),
}


def rules_of_stages(names: Iterable[str]) -> frozenset[str]:
    """Replace stages by their rules; other names (rules, files) stay as they are."""
    return frozenset(rule for name in names for rule in STAGE_RULES.get(name, (name,)))


def accept_stage_names(workflow: Any, lookups: "Lookups") -> None:
    """Let `--forcerun`, `--until` and `--omit-from` take a stage's name for its rules.

    A target rule such as `evaluate` only collects what the stage's rules make; forced or reached on
    its own it would do nothing, which is not what `--forcerun evaluate` asks for. Snakemake hands
    over these options only after the Snakefile is parsed, hence an attribute that translates them
    when they are set, and answers a misspelled target or stage with the one that was meant.

    What has lost a file is forced, too: Snakemake does not look into folders that a rule made.

    Args:
        workflow: Snakemake's `workflow` object of the Snakefile.
        lookups: the study that is run.
    """

    def given(self: Any) -> Any:
        return self.__dict__["dag_settings"]

    def translate(self: Any, settings: Any) -> None:
        if settings.targets or settings.forcerun or settings.until or settings.omit_from:
            names = [*settings.targets, *settings.forcerun, *settings.until, *settings.omit_from]
            refuse_unknown_targets(map(str, names), (rule.name for rule in self.rules))
        self.__dict__["dag_settings"] = replace(
            settings,
            forcerun=rules_of_stages(settings.forcerun)
            # a job on a cluster node makes what it is told to, and nothing else
            | (frozenset() if settings.target_jobs else lookups.incomplete(settings.targets)),
            until=rules_of_stages(settings.until),
            omit_from=rules_of_stages(settings.omit_from),
        )

    translated = {"dag_settings": property(given, translate)}
    workflow.__class__ = type("StageAwareWorkflow", (type(workflow),), translated)


def _last_stage(target: object) -> int:
    """Return the number of the last stage that a target needs; -1 for a single artefact."""
    name, stages = str(target), list(STAGE_RULES)
    if name in stages:
        return stages.index(name)
    return -1 if name.startswith(f"{layout.RESULTS}/") else len(stages)


def scaled(amount: int) -> Callable[[Any, int], int]:
    """A resource that grows with every retry: `amount` × attempt."""

    def resource(_wildcards: Any, attempt: int) -> int:
        return amount * attempt

    return resource


class Lookups:
    """Input functions for the rules, over one registry of studies."""

    def __init__(self, studies: Studies) -> None:
        self.studies = studies

    def documents(self, wildcards: Any) -> list[str]:
        """What a data variant is made from: nothing, or another variant's rows."""
        source = source_of(self.studies.variant(wildcards.data))
        return [layout.data_rows(source.name)] if source else []

    def corpus(self, wildcards: Any) -> list[str]:
        """What a base is pre-trained on, if it is pre-trained here."""
        spec = self.studies.base(wildcards.base)
        return [layout.data_rows(spec.corpus.name)] if isinstance(spec, EmbeddedBase) else []

    def unquantised(self, wildcards: Any) -> list[str]:
        """The base that a quantised one is made from."""
        spec = self.studies.base(wildcards.base)
        return [layout.base_manifest(spec.of.name)] if isinstance(spec, QuantisedBase) else []

    def packed(self, wildcards: Any) -> str:
        """Training sequences of a run."""
        run = self.studies.run(wildcards.run)
        return layout.packed(run.data.name, run.base.name, run.recipe.sequence_length)

    def base_of_run(self, wildcards: Any) -> str:
        """Base model of a run; a base is its own."""
        return layout.base_manifest(self.studies.base_of(wildcards.run).name)

    def base_spectra_of_run(self, wildcards: Any) -> str:
        """Decomposed base of a run."""
        return layout.base_spectra(self.studies.base_of(wildcards.run).name)

    def weights(self, wildcards: Any) -> list[str]:
        """Kept weights of a run; a base has none beside its model."""
        if wildcards.run == self.studies.base_of(wildcards.run).name:
            return []
        return [layout.run_manifest(wildcards.run), layout.kept_weights(wildcards.run)]

    def evaluation_data(self, wildcards: Any) -> list[str]:
        """Rows of every data variant of a suite."""
        suite = self.studies.suite(wildcards.suite)
        names = dict.fromkeys(evaluation.data.name for evaluation in suite.evaluations)
        return [layout.data_rows(name) for name in names]

    def stage(self, stage: str) -> list[str]:
        """Every file that one stage makes for the study asked for.

        All of them and not only the last ones: Snakemake makes a deleted file again when it is
        asked for, but not when it only lies on the way to one that is still there.
        """
        study = self.studies.current
        runs = [run.name for run in study.runs]
        match stage:
            case "data":
                return self._data(study)
            case "base":
                files = (layout.base_model, layout.base_manifest)
                return [file(base) for base in study.bases for file in files]
            case "train":
                made = (layout.kept_weights, layout.loss_curve, layout.run_manifest)
                return [file(run) for run in runs for file in made]
            case "evaluate":
                tables = (layout.predictions, layout.scores)
                return [
                    table(name, suite.name) for name, suite in study.measured for table in tables
                ]
            case "spectra":
                return self._spectra(study)
            case "report":
                return [
                    layout.report_tables(study.study),
                    *self._chapters(study),
                    layout.report_claims(study.study),
                    layout.report_page(study.study),
                ]
            case _:
                raise RankscopeError(f"{stage!r} is no stage; stages: {', '.join(STAGE_RULES)}")

    def everything(self, _wildcards: Any) -> list[str]:
        """Every file of the study asked for."""
        return [path for stage in STAGE_RULES for path in self.stage(stage)]

    def rows_of_study(self, wildcards: Any) -> list[str]:
        """All that the report of `{study}` is made from."""
        study = self.studies.named(wildcards.study)
        runs = [run.name for run in study.runs]
        return [
            *map(layout.base_manifest, study.bases),
            *(file(run) for run in runs for file in (layout.run_manifest, layout.loss_curve)),
            *(layout.scores(name, suite.name) for name, suite in study.measured),
            *(
                [layout.run_spectra(run, study.spectra.name) for run in runs]
                if study.spectra
                else []
            ),
        ]

    def chapters_of_study(self, wildcards: Any) -> list[str]:
        """The chapters that apply to `{study}`."""
        return self._chapters(self.studies.named(wildcards.study))

    def _chapters(self, study: Study) -> list[str]:
        return [layout.report_chapter(study.study, name) for name in chapters_of(study)]

    def chapter_reads(self, wildcards: Any) -> list[str]:
        """What a chapter of `{study}` reads beside its tables."""
        return declared(wildcards.chapter).reads(self.studies.named(wildcards.study))

    def sentences(self, wildcards: Any) -> dict[str, str]:
        """What Snakemake's own report says of a chapter's figures."""
        return dict(declared(wildcards.chapter).sentences)

    def _data(self, study: Study) -> list[str]:
        rows = [layout.data_rows(spec.name) for spec in study.variants.values()]
        packed = [self.packed(SimpleNamespace(run=run.name)) for run in study.runs]
        return list(dict.fromkeys(rows + packed))

    def _spectra(self, study: Study) -> list[str]:
        if study.spectra is None:
            return []
        runs = [layout.run_spectra(run.name, study.spectra.name) for run in study.runs]
        bases = dict.fromkeys(run.trained_base.name for run in study.runs)
        return [*map(layout.base_spectra, bases), *runs]

    def study_file(self, wildcards: Any) -> str:
        """Snapshot of `{study}`: what its report is of."""
        return str(write_snapshot(self.studies.named(wildcards.study)))

    def incomplete(self, targets: Iterable[str]) -> frozenset[str]:
        """Outputs of the stages asked for, one of each artefact that has lost a file."""
        stages = list(STAGE_RULES)
        last = max(map(_last_stage, targets), default=len(stages))
        asked = [path for stage in stages[: last + 1] for path in self.stage(stage)]
        found: dict[Path, str] = {}
        for path in asked:
            for file in lost_files(Path(path))[:1]:
                found.setdefault(file, path)
        for file, path in found.items():
            logger.warning("%s: was deleted, so that %s is made again", file, path)
        return frozenset(found.values())

    def target(self, stage: str) -> Inputs:
        """Input function of a stage's target rule."""
        return lambda _wildcards: self.stage(stage)
