"""Wall time divided by hand-worked cases."""

import os
from pathlib import Path

import pytest

from rankscope.artefacts import layout
from rankscope.artefacts.manifest import sealed
from rankscope.workflow.time_split import Job, finished_jobs, time_split, wall_shares


def test_jobs_share_the_moments_in_which_they_run_together() -> None:
    # alone 0-4, together 4-10, the second alone 10-12
    shares = wall_shares([Job("train", 0, 10, 0), Job("train", 4, 12, 0)])
    assert shares == pytest.approx([4 + 3, 3 + 2])


def test_time_without_a_job_belongs_to_none() -> None:
    assert sum(wall_shares([Job("data", 0, 2, 0), Job("train", 5, 6, 0)])) == pytest.approx(3)


def write_job(root: Path, path: str, stage: str, end: float, startup: float, work: float) -> None:
    """A manifest as a job leaves it, written at `end`."""
    manifest = root / path
    manifest.parent.mkdir(parents=True, exist_ok=True)
    place = layout.place_of(path)
    assert place is not None
    seconds = {"startup_seconds": startup, "work_seconds": work}
    manifest.write_text(sealed({"stage": stage, "name": place.name} | seconds), "utf-8")
    os.utime(manifest, (end, end))


def test_the_split_counts_start_up_and_the_gaps(tmp_path: Path) -> None:
    write_job(tmp_path, layout.run_manifest("a-1a2b3c4d"), "train", 1010, startup=2.0, work=8.0)
    write_job(
        tmp_path,
        layout.scores_manifest("b-1a2b3c4d"),
        "evaluate-score",
        1018,
        startup=3.0,
        work=3.0,
    )
    # a part of what that job made, written while it worked
    part = layout.place_of(layout.scores("part-1a2b3c4d"))
    assert part is not None
    write_job(tmp_path, part.manifest, "evaluate-score", 1017, startup=0.0, work=2.0)
    write_job(tmp_path, layout.run_manifest("old-1a2b3c4d"), "train", 900, startup=50.0, work=0.0)
    said = time_split(1000, 1020, tmp_path)
    # 16 of 20 seconds have a job; 2 + 3 of them are start-up: (5 + 4) / 20
    assert said.splitlines()[0] == "2 jobs in 20 s:"
    assert "start-up 5.0 s and orchestration 4.0 s: 45.0% of the time" in said


def test_the_jobs_are_the_manifests_by_stage_and_nothing_else(tmp_path: Path) -> None:
    write_job(tmp_path, layout.run_manifest("a-1a2b3c4d"), "train", 1010, startup=2.0, work=8.0)
    write_job(tmp_path, layout.report_chapter_manifest("demo", "plane"), "report", 1020, 1.0, 4.0)
    for other in ("report/demo/chapters/plane/words.json", "base/b/model/config.json"):
        path = tmp_path / layout.RESULTS / other
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}", "utf-8")
    found = sorted(finished_jobs(tmp_path, 0), key=lambda job: job.end)
    assert found == [Job("train", 1000.0, 1010.0, 2.0), Job("report", 1015.0, 1020.0, 1.0)]


def test_a_job_that_left_no_manifest_counts_as_overhead(tmp_path: Path) -> None:
    write_job(tmp_path, layout.report_manifest("demo", "page"), "report", 1001, 0.0, 1.0)
    assert "orchestration 9.0 s: 90.0% of the time" in time_split(1000, 1010, tmp_path)


def test_nothing_to_do(tmp_path: Path) -> None:
    assert time_split(1000, 1004, tmp_path) == "nothing to do (4 s)"
