"""Wall time divided by hand-worked cases."""

import json
import os
from pathlib import Path

import pytest

from rankscope.artefacts.manifest import STARTUP_LINE
from rankscope.workflow.time_split import Job, time_split, wall_shares


def test_jobs_share_the_moments_in_which_they_run_together() -> None:
    # alone 0-4, together 4-10, the second alone 10-12
    shares = wall_shares([Job("train", 0, 10, 0), Job("train", 4, 12, 0)])
    assert shares == pytest.approx([4 + 3, 3 + 2])


def test_time_without_a_job_belongs_to_none() -> None:
    assert sum(wall_shares([Job("data", 0, 2, 0), Job("train", 5, 6, 0)])) == pytest.approx(3)


def write_job(root: Path, name: str, end: float, seconds: float, startup: float | None) -> None:
    benchmark = root / f"benchmarks/{name}.jsonl"
    benchmark.parent.mkdir(parents=True, exist_ok=True)
    benchmark.write_text(json.dumps({"s": seconds}) + "\n", "utf-8")
    os.utime(benchmark, (end, end))
    log = root / f"logs/{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("" if startup is None else f"10:00:00 {STARTUP_LINE % startup}\n", "utf-8")


def test_the_split_counts_start_up_and_the_gaps(tmp_path: Path) -> None:
    write_job(tmp_path, "train/a", end=1010, seconds=10, startup=2.0)
    write_job(tmp_path, "evaluate/a", end=1018, seconds=6, startup=3.0)
    write_job(tmp_path, "train/old", end=900, seconds=50, startup=50.0)
    said = time_split(1000, 1020, tmp_path)
    # 16 of 20 seconds have a job; 2 + 3 of them are start-up: (5 + 4) / 20
    assert said.splitlines()[0] == "2 jobs in 20 s:"
    assert "start-up 5.0 s and orchestration 4.0 s: 45.0% of the time" in said


def test_a_job_that_does_not_say_counts_as_start_up(tmp_path: Path) -> None:
    write_job(tmp_path, "report/page", end=1010, seconds=10, startup=None)
    assert "100.0% of the time" in time_split(1000, 1010, tmp_path)


def test_nothing_to_do(tmp_path: Path) -> None:
    assert time_split(1000, 1004, tmp_path) == "nothing to do (4 s)"
