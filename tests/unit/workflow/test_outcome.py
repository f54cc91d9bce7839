"""What a person is told at the end of a workflow."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from rankscope.studies.find import Studies
from rankscope.workflow.outcome import failure, few, list_few_files, success
from tiny_study import FILE, STUDY, write_tiny_documents


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_tiny_documents(tmp_path)
    Path(FILE).write_text(STUDY, "utf-8")
    return tmp_path


@dataclass(frozen=True)
class Job:
    """What is looked at of a job of Snakemake."""

    name: str
    log: tuple[str, ...]
    wildcards: tuple[str, ...] = ("lora-r1-00000000",)
    rule: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(name="train_run"))

    def __str__(self) -> str:
        return self.name


def test_the_report_is_named_where_one_was_made(folder: Path) -> None:
    page = f"the report: {folder / 'reports/tiny/index.html'}"
    assert success(Studies(FILE), []) == page
    assert success(Studies(FILE), ["report"]) == page
    other = folder / "reports/demo/index.html"
    assert success(Studies(FILE), ["reports/demo/index.html"]) == f"the report: {other}"
    assert success(Studies(FILE), ["train"]) == "done: train of the study tiny (tiny.yaml)"


def test_an_edit_since_the_start_is_said() -> None:
    studies = Studies(FILE)
    assert studies.current.runs
    Path(FILE).write_text(STUDY.replace("rank: [1, 4]", "rank: [1]"), "utf-8")
    assert "tiny.yaml was edited meanwhile" in success(studies, [])


def test_a_failure_names_the_job_its_reason_and_its_log() -> None:
    Path("said.log").write_text(
        "12:00:00 start-up took 1 s\n12:00:01 error: the disk is full\n", "utf-8"
    )
    told = failure([Job("b", ("said.log",)), Job("a", ("none.log",))])
    assert told.splitlines()[:5] == [
        "2 jobs failed:",
        "  train_run lora-r1-00000000: it wrote no log",
        "    log: none.log",
        "  train_run lora-r1-00000000: error: the disk is full",
        "    log: said.log",
    ]
    assert "start the same command again" in told


def test_of_many_failures_a_few_are_told() -> None:
    told = failure([Job(str(number), ()) for number in range(162)])
    assert "162 jobs failed" in told
    assert "… and 152 more" in told
    assert len(told.splitlines()) < 15


def test_messages_about_jobs_list_a_few_files() -> None:
    logger = logging.Logger("snakemake's")
    seen: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = seen.append  # type: ignore[method-assign]
    logger.addHandler(handler)
    list_few_files(logger)
    files = [f"results/{number}" for number in range(100)]
    reason = f"Missing output files: a; Input files updated by another job: {', '.join(files)}"
    logger.info("", extra={"input": files, "output": files[:5], "reason": reason})
    assert seen[0].__dict__["input"] == [*files[:4], "… and 96 more"]
    assert seen[0].__dict__["output"] == files[:5]
    assert seen[0].__dict__["reason"].startswith("Missing output files: a; Input files updated by")
    assert len(seen[0].__dict__["reason"]) < 200
    assert len(few(files)) == 5
