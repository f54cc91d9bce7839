"""How a workflow starts: the study that all its jobs see, and the program that its rules call.

Guarantees: a study is read and checked once, where a person starts Snakemake, and its record and
those of all that it is made of are kept (`studies.store`); every job, in this process, in another
or on another machine, reads these. So an edit while the workflow runs takes effect at the next
start. Whatever is wrong with what was typed ends with one sentence.
"""

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from snakemake.logging import logger

from rankscope.artefacts import layout
from rankscope.check.check import validate
from rankscope.errors import RankscopeError, StudyError
from rankscope.records.record import Artefact
from rankscope.records.study import Study
from rankscope.studies.expand import load_study
from rankscope.studies.file import study_of_config
from rankscope.studies.find import Studies
from rankscope.studies.graph import walk
from rankscope.studies.mistakes import suggestion
from rankscope.studies.store import keep

RECORDS = "records"
"""Key of Snakemake's config under which jobs in other processes are told the studies' records."""

PROGRAM = "rankscope"


def studies_at_start(config: Mapping[str, Any], workflow: Any) -> Studies:
    """Return the studies that a Snakefile works on, and see to it that its jobs see the same.

    Args:
        config: Snakemake's `config`.
        workflow: Snakemake's `workflow`, in the process a person started or in that of a job.
    """
    find_own_program()
    try:
        if not workflow.is_main_process:
            return StartedStudies(config[RECORDS])
        studies = StudiesAtStart(
            study_of_config(config),
            Path(os.path.relpath(workflow.basedir)),
            workflow.config_settings,
        )
        # Snakemake's logger writes a message as it is
        logger.info(_announcement(studies.begin()))
    except RankscopeError as error:
        stop(error)
    return studies


def _announcement(study: Study) -> str:
    page = layout.report_page(study.study)
    return f"The study {study.study} ({study.path}): {len(study.runs)} runs; its report: {page}"


def stop(error: Exception) -> NoReturn:
    """End Snakemake with a sentence: an exception would add where in the Snakefile it arose."""
    raise SystemExit(f"error: {error}")


class StudiesAtStart(Studies):
    """Studies in the process that a person started: what it reads is kept for its jobs.

    Args:
        settings: Snakemake's settings of the config, in which jobs in other processes are told.
    """

    def __init__(self, study: str, repository: Path, settings: Any) -> None:
        super().__init__(study, repository)
        self._settings = settings
        self._given = list(settings.config_args or [])
        self._begun: dict[str, Study] = {}
        self._artefacts: dict[str, Artefact] = {}

    def begin(self) -> Study:
        """Check the study at hand, keep it, and return it."""
        self._begin(self.current)
        return self.current

    def named(self, name: str) -> Study:
        """Return the study called `name`; another than that of the start is checked first."""
        try:
            study = super().named(name)
            if name not in self._begun:
                self._begin(study)
        except RankscopeError as error:
            stop(error)
        return study

    def artefact(self, name: str) -> Artefact:
        """Return the record called `name`: of the studies begun, or any other."""
        return self._artefacts.get(name) or super().artefact(name)

    def _begin(self, study: Study) -> None:
        validate(study)
        self._begun[study.study] = study
        self._artefacts |= {record.name: record for record in walk(study)}
        keep(self._artefacts.values())
        paths = [layout.record(each.name) for each in self._begun.values()]
        self._settings.config_args = [*self._given, f"{RECORDS}={paths}"]


class StartedStudies(Studies):
    """Studies in the process of a job: those that its workflow was started with.

    Args:
        records: files of their records, that of the study at hand first.
    """

    def __init__(self, records: Sequence[str]) -> None:
        super().__init__(records[0])
        self._others = records[1:]

    def named(self, name: str) -> Study:
        """Return the study called `name` as it was at the start."""
        for record in self._others:
            study = load_study(record)
            if study.study == name:
                return study
        return super().named(name)


def find_own_program() -> None:
    """Let the rules find the program of this Python's environment, activated or not.

    Its folder comes first on the path, in which an environment that conda activates for a job then
    comes before it.
    """
    folders = (Path(sys.executable).parent, Path(sysconfig.get_path("scripts")))
    for folder in map(str, folders):
        if shutil.which(PROGRAM, path=folder):
            known = os.environ.get("PATH", "").split(os.pathsep)
            os.environ["PATH"] = os.pathsep.join([folder, *(k for k in known if k != folder)])
            return
    if shutil.which(PROGRAM) is None:
        stop(
            StudyError(
                f"the rules call the program `{PROGRAM}`, which is not installed with"
                f" {sys.executable}; install it there: pip install --editable '.[demo]'"
            )
        )


def refuse_unknown_targets(targets: Iterable[str], rules: Iterable[str]) -> None:
    """Stop where a target is a study, or neither a rule nor a path nor a file: a misspelled stage.

    Paths are for Snakemake to judge.
    """
    known = list(rules)
    for target in targets:
        study = target.removeprefix("study=")
        if target in known:
            continue
        if study != target or target.endswith((".yaml", ".yml")):
            text = f"{target!r} is no target; a study is given at the end: --config study={study}"
            stop(StudyError(text))
        if os.sep in target or Path(target).exists():
            continue
        listed = ", ".join(rule for rule in known if "_" not in rule)
        stop(
            StudyError(
                f"{target!r} is no target{suggestion(target, known)}; targets: {listed}, or the"
                " file of an artefact, such as reports/demo/index.html"
            )
        )
