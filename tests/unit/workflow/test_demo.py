"""`make demo`: what it runs, what it says, and that two do not meet."""

import fcntl
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rankscope.workflow import demo
from study_text import STUDY


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A folder with a study; the commands that the demo would run, which all succeed."""
    monkeypatch.chdir(tmp_path)
    Path("workflow/studies").mkdir(parents=True)
    Path("workflow/studies/mine.yaml").write_text(STUDY)
    Path("config.yaml").write_text("study: mine\n")
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> SimpleNamespace:
        commands.append(command)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(demo, "time_split", lambda *_: "the split")
    return commands


def test_it_unlocks_runs_and_names_the_report(ran: list[list[str]], capsys: Any) -> None:
    assert demo.main() == 0
    unlock, work = ran
    assert "--unlock" in unlock
    assert {"--rerun-incomplete", "--keep-going", "--cores"} <= set(work)
    assert capsys.readouterr().out == "the split\nthe report: reports/mine/index.html\n"


def test_a_failure_keeps_its_exit_code_and_says_how_to_go_on(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=3))
    assert demo.main() == 3
    told = capsys.readouterr()
    assert "Start it again and it goes on from here" in told.err
    assert told.out == ""


def test_a_second_demo_touches_nothing_of_the_first(ran: list[list[str]], capsys: Any) -> None:
    Path(".snakemake").mkdir()
    with Path(".snakemake/demo.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert demo.main() == 1
    assert ran == [], "not even the lock of Snakemake is taken away"
    assert "already running in this folder" in capsys.readouterr().err
    assert demo.main() == 0


def test_a_broken_study_is_a_sentence(ran: list[list[str]], capsys: Any) -> None:
    Path("config.yaml").write_text("stduy: mine\n")
    assert demo.main() == 2
    assert "error: config.yaml:1: stduy: unknown key" in capsys.readouterr().err
    assert ran == []
