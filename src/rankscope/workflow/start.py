"""How a workflow starts: the study that all its jobs see, and the program that its rules call.

Guarantees: a study is read and checked once, where a person starts Snakemake; every job, in this
process, in another or on another machine, is told a snapshot of it. So an edit while the workflow
runs takes effect at the next start. Whatever is wrong with what was typed ends with one sentence.
"""

import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from snakemake.logging import logger

from rankscope.artefacts import layout
from rankscope.check.check import validate
from rankscope.errors import RankscopeError, StudyError
from rankscope.records.study import Study
from rankscope.studies.file import study_of_config
from rankscope.studies.mistakes import suggestion
from rankscope.studies.option import STUDY_VARIABLE
from rankscope.studies.snapshot import read_snapshot, write_snapshot
from rankscope.studies.store import Studies

OTHERS_VARIABLE = "RANKSCOPE_OTHER_STUDIES"
"""Snapshots of further studies whose reports were asked for, as a JSON list of paths."""

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
            return StartedStudies(os.environ[STUDY_VARIABLE])
        repository = Path(os.path.relpath(workflow.basedir))
        studies = StudiesAtStart(study_of_config(config), repository)
        validate(studies.current)
        studies.hand_over()
        # Snakemake's logger writes a message as it is
        logger.info(_announcement(studies.current))
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
    """Studies in the process that a person started: what it reads, its jobs are told."""

    def __init__(self, study: str, repository: Path) -> None:
        super().__init__(study, repository)
        self._others: dict[str, Path] = {}

    def hand_over(self) -> None:
        """Tell the jobs of this start which study it is, as it is now."""
        os.environ[STUDY_VARIABLE] = str(write_snapshot(self.current))
        os.environ[OTHERS_VARIABLE] = json.dumps(list(map(str, self._others.values())))

    def named(self, name: str) -> Study:
        """Return the study called `name`; another than that of the start is checked first."""
        try:
            study = super().named(name)
            if study is not self.current and name not in self._others:
                validate(study)
                self._others[name] = write_snapshot(study)
                self.hand_over()
        except RankscopeError as error:
            stop(error)
        return study


class StartedStudies(Studies):
    """Studies in the process of a job: those that its workflow was started with."""

    def __init__(self, study: str) -> None:
        super().__init__(study)
        others = json.loads(os.environ[OTHERS_VARIABLE])
        self._others = {study.study: study for study in map(read_snapshot, map(Path, others))}

    def named(self, name: str) -> Study:
        """Return the study called `name` as it was at the start."""
        return self._others.get(name) or super().named(name)


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
