"""What a workflow starts with: one study for all jobs, the rules' program, sentences."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from snakemake.cli import parse_config

from rankscope.studies.find import Studies
from rankscope.studies.graph import walk
from rankscope.studies.store import kept
from rankscope.workflow import start
from rankscope.workflow.lookups import Lookups
from tiny_study import FILE, STUDY, write_tiny_documents


@dataclass
class Settings:
    """What is looked at of Snakemake's settings of the config."""

    config_args: list[str] | None = None


@dataclass(frozen=True)
class Workflow:
    """What is looked at of Snakemake's workflow."""

    is_main_process: bool
    config_settings: Settings = field(default_factory=Settings)
    basedir: str = "."


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the tiny study, and an environment that the test may change."""
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ)
    write_tiny_documents(tmp_path)
    Path(FILE).write_text(STUDY, "utf-8")
    twin = Path("workflow/studies/twin.yaml")
    twin.parent.mkdir(parents=True)
    twin.write_text(STUDY.replace("study: tiny", "study: twin"), "utf-8")
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)


WORKFLOW = Workflow(is_main_process=True)


def begin(**config: Any) -> Studies:
    WORKFLOW.config_settings.config_args = [f"{key}={value}" for key, value in config.items()]
    return start.studies_at_start(config, WORKFLOW)


def in_a_job() -> Studies:
    """The studies in the process of a job, which Snakemake gives the arguments of the config."""
    config = parse_config(WORKFLOW.config_settings.config_args)
    return start.studies_at_start(config, Workflow(is_main_process=False))


def edit(path: Path | str) -> None:
    text = Path(path).read_text("utf-8")
    assert "rank: [1, 4]" in text
    Path(path).write_text(text.replace("rank: [1, 4]", "rank: [2]"), "utf-8")


def test_a_job_sees_the_study_of_the_start_and_the_next_start_the_edited_one() -> None:
    asked_for = begin(study=FILE).current
    edit(FILE)
    assert in_a_job().current.runs == asked_for.runs
    Path(FILE).unlink()
    assert in_a_job().current.runs == asked_for.runs
    assert all(in_a_job().artefact(each.name) == each for each in walk(*asked_for.sources))
    Path(FILE).write_text(STUDY.replace("rank: [1, 4]", "rank: [2]"), "utf-8")
    assert len(begin(study=FILE).current.runs) == 2


def test_what_a_job_reads_is_kept_before_the_first_one() -> None:
    asked_for = begin(study=FILE).current
    assert all(kept(each.name) == each for each in walk(asked_for))


def test_a_report_of_another_study_is_of_that_study_at_the_start_too() -> None:
    class Wildcards:
        study = "twin"

    asked_for = Lookups(begin(study=FILE))
    file = asked_for.study_file(Wildcards)
    rows = asked_for.rows_of_study(Wildcards)
    edit("workflow/studies/twin.yaml")
    in_job = Lookups(in_a_job())
    assert in_job.study_file(Wildcards) == file
    assert in_job.rows_of_study(Wildcards) == rows
    assert Path(file).stem == in_job.studies.named("twin").name
    assert asked_for.studies.current.study == in_job.studies.current.study == "tiny"


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({}, "error: which study? There is no config.yaml in this folder"),
        ({"study": "./tiny.yaml", "sutdy": "x"}, "sutdy: unknown key; did you mean study?"),
        ({"sutdy": "x"}, "config.yaml or --config: sutdy: unknown key; did you mean study?"),
        ({"study": 3}, "study: 3 is a number; allowed: text"),
        ({"study": "tyny.yaml"}, "tyny.yaml: there is no such file; did you mean tiny.yaml?"),
        ({"study": "tiny", "grid": []}, "given by --config study=FILE, not by --configfile"),
        (
            {"study": "tiny"},
            "workflow/studies/tiny.yaml: there is no such file; did you mean ./tiny",
        ),
        ({"study": "twn"}, "did you mean workflow/studies/twin.yaml?"),
    ],
)
def test_what_was_typed_wrongly_ends_with_one_sentence(
    config: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SystemExit) as end:
        begin(**config)
    assert sentence in str(end.value)
    assert "\n" not in str(end.value)
    assert not Path("results").exists()


def test_the_rules_find_the_program_of_this_python_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("own", "other"):
        program = folder / name / "rankscope"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n", "utf-8")
        program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(folder / "own/python"))
    monkeypatch.setenv("PATH", f"{folder / 'other'}{os.pathsep}/usr/bin")
    start.find_own_program()
    start.find_own_program()
    own, other = str(folder / "own"), str(folder / "other")
    assert os.environ["PATH"].split(os.pathsep) == [own, other, "/usr/bin"]


def test_a_program_that_is_not_installed_is_missed_before_the_first_job(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(folder / "python"))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(folder))
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(SystemExit, match="the program `rankscope`, which is not installed with"):
        start.find_own_program()


def test_a_misspelled_target_is_answered_with_the_one_that_was_meant() -> None:
    rules = ["all", "train", "evaluate", "train_run"]
    Path("kept.txt").write_text("", "utf-8")
    start.refuse_unknown_targets(["train", "train_run", "results/x.parquet", "kept.txt"], rules)
    with pytest.raises(SystemExit, match=r"'trian' is no target; did you mean train\?"):
        start.refuse_unknown_targets(["trian"], rules)


@pytest.mark.parametrize("target", ["tiny.yaml", "study=tiny.yaml"])
def test_a_study_as_a_target_is_answered_with_the_way_to_give_it(target: str) -> None:
    with pytest.raises(SystemExit, match=r"given at the end: --config study=tiny\.yaml$"):
        start.refuse_unknown_targets([target], ["all"])
