"""What the rules look up: inputs of a job by the name in its wildcards.

Guarantees: functions of the records that the workflow was started with; no other file is read,
nothing is written. Whatever a job needs is what its record is made from (`sources`). The rules hold
no logic of their own: whatever must be computed for one stands here, where it is tested. How a
workflow starts: `start`.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from rankscope.artefacts import layout
from rankscope.artefacts.reading import lost_files
from rankscope.errors import RankscopeError
from rankscope.evaluate.score import code_of
from rankscope.records.measurements import Answers, Scores
from rankscope.records.record import Artefact
from rankscope.records.runs import Run
from rankscope.records.study import Study
from rankscope.report.chapters.contents import chapters_of, declared
from rankscope.studies.find import Studies
from rankscope.studies.graph import walk
from rankscope.workflow.start import refuse_unknown_targets

logger = logging.getLogger(__name__)

Inputs = Callable[[Any], list[str]]

# what a stage's name on the command line stands for: `snakemake --forcerun evaluate`
STAGE_RULES = {
    "data": ("data_rows", "data_pack"),
    "base": ("base_model", "base_version"),
    "train": ("train_run",),
    "evaluate": ("evaluate_predict", "evaluate_score"),
    "spectra": ("spectra_base", "spectra_run"),
    "report": ("report_tables", "report_chapter", "report_page"),
}


def rules_of_stages(names: Iterable[str]) -> frozenset[str]:
    """Replace stages by their rules; other names (rules, files) stay as they are."""
    return frozenset(rule for name in names for rule in STAGE_RULES.get(name, (name,)))


def accept_stage_names(workflow: Any, lookups: "Lookups") -> None:
    """Let `--forcerun`, `--until` and `--omit-from` take a stage's name for what it makes.

    A target rule such as `evaluate` only collects what the stage's rules make; forced or reached on
    its own it would do nothing, which is not what `--forcerun evaluate` asks for. Snakemake hands
    over these options only after the Snakefile is parsed, hence an attribute that translates them
    when they are set, and answers a misspelled target or stage with the one that was meant.

    Snakemake stops at every job of a rule that stands in `--until`, so that a run from whose
    weights a base is made would end the workflow: there a stage stands for its last files.

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
            until=frozenset(path for name in settings.until for path in lookups.ends(name)),
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


ASKING_MINUTES = 480
"""Of one run, about a suite of its study."""


def scaled(amount: int) -> Callable[[Any, int], int]:
    """A resource that grows with every retry: `amount` × attempt."""

    def resource(_wildcards: Any, attempt: int) -> int:
        return amount * attempt

    return resource


class Lookups:
    """Input functions for the rules, over one registry of studies."""

    def __init__(self, studies: Studies) -> None:
        self.studies = studies

    @cached_property
    def _files(self) -> dict[str, list[str]]:
        """All files of the study asked for, by the stage that makes them."""
        return _files_of_stages(self.studies.current)

    def sources(self, wildcards: Any) -> list[str]:
        """All files of what the artefact `{name}` is made from."""
        return _files(self.studies.artefact(wildcards.name).sources)

    def threads(self, wildcards: Any) -> int:
        """Cores of a run: two where it makes a base, for which every run of a study waits.

        Told by the run alone, whatever study is at hand: the number of threads is in its bits.
        """
        run = cast("Run", self.studies.artefact(wildcards.name))
        return 2 if run.base.is_blank else 1

    def asking_minutes(self, wildcards: Any, attempt: int) -> int:
        """Time for a job that asks several runs, as much for each."""
        answers = cast("Answers", self.studies.artefact(wildcards.name))
        return ASKING_MINUTES * len(answers.subjects) * attempt

    def scoring_code(self, wildcards: Any) -> str:
        """Hash of the code that scores the kinds of evaluation in a suite."""
        scores = cast("Scores", self.studies.artefact(wildcards.name))
        kinds = sorted({each.kind for each in scores.answers.suite.evaluations})
        return " ".join(code_of(kind) for kind in kinds)

    def stage(self, stage: str) -> list[str]:
        """Every file that one stage makes for the study asked for.

        All of them and not only the last ones: Snakemake makes a deleted file again when it is
        asked for, but not when it only lies on the way to one that is still there.
        """
        if stage not in STAGE_RULES:
            raise RankscopeError(f"{stage!r} is no stage; stages: {', '.join(STAGE_RULES)}")
        return self._files.get(stage, [])

    def ends(self, name: str) -> list[str]:
        """Files of a stage that nothing else of it is made from; other names as they are."""
        if name not in STAGE_RULES:
            return [name]
        study = self.studies.current
        if name == study.stage:
            return [layout.report_page(study.study)]
        made = [record for record in walk(*study.sources) if record.stage == name]
        sources = (source for record in made for source in record.sources)
        below = {record.name for record in walk(*sources)}
        return _files(each for each in made if each.name not in below)

    def everything(self, _wildcards: Any) -> list[str]:
        """Every file of the study asked for."""
        return [path for stage in STAGE_RULES for path in self.stage(stage)]

    def rows_of_study(self, wildcards: Any) -> list[str]:
        """All that the report of `{study}` is made from."""
        return _files(self.studies.named(wildcards.study).sources)

    def chapters_of_study(self, wildcards: Any) -> list[str]:
        """The chapters that apply to `{study}`."""
        return _chapters(self.studies.named(wildcards.study))

    def chapter_reads(self, wildcards: Any) -> list[str]:
        """What a chapter of `{study}` reads beside its tables."""
        return declared(wildcards.chapter).reads(self.studies.named(wildcards.study))

    def sentences(self, wildcards: Any) -> dict[str, str]:
        """What Snakemake's own report says of a chapter's figures."""
        return dict(declared(wildcards.chapter).sentences)

    def study_file(self, wildcards: Any) -> str:
        """Record of `{study}`: what its report is of."""
        return layout.record(self.studies.named(wildcards.study).name)

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


def _files(records: Iterable[Artefact]) -> list[str]:
    return [path for record in records for path in layout.outputs(record.verb, record.name)]


def _chapters(study: Study) -> list[str]:
    return [layout.report_chapter(study.study, name) for name in chapters_of(study)]


def _files_of_stages(study: Study) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in walk(*study.sources):
        found.setdefault(record.stage, []).extend(_files([record]))
    found["report"] = [
        layout.report_tables(study.study),
        *_chapters(study),
        layout.report_claims(study.study),
        layout.report_page(study.study),
    ]
    return found
