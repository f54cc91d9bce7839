"""Kills, divergence, wrong input, profiles and Snakemake's own report, on real runs."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import polars as pl

from laboratory import Lab


def artefacts(lab: Lab) -> dict[str, bytes]:
    """Weights and tables, which must be equal to the bit; times stand only in manifests."""
    patterns = ("results/base/*/model/*.safetensors", "results/train/*/steps/*/*.safetensors",
                "results/**/*.parquet")  # fmt: skip
    return {
        path.relative_to(lab.folder).as_posix(): path.read_bytes()
        for pattern in patterns
        for path in sorted(lab.folder.glob(pattern))
        if path.name not in ("timings.parquet", "provenance.parquet")
    }


def test_killed_in_mid_training_and_run_again_gives_the_same_bits(
    new_lab: Lab, finished_lab: Lab
) -> None:
    process = subprocess.Popen(
        new_lab.command(),
        cwd=new_lab.folder,
        env=new_lab.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    give_up = time.monotonic() + 300
    while not list(new_lab.folder.glob("results/train/*/loss.parquet")):
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < give_up
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (new_lab.folder / "reports/tiny/index.html").exists()

    new_lab.snakemake("--unlock")
    new_lab.snakemake("--rerun-incomplete")
    expected = artefacts(finished_lab)
    assert len(expected) > 30
    again = artefacts(new_lab)
    assert again.keys() == expected.keys()
    assert [name for name in expected if again[name] != expected[name]] == []


def test_a_diverged_run_is_shown_and_the_rest_of_the_grid_is_finished(lab: Lab) -> None:
    lab.edit_study(
        grid=[
            {"method": "full", "learning_rate": 1.0e30},
            {"method": "lora", "rank": [1, 4], "alpha": "2r", "learning_rate": 1.0e-2},
        ]
    )
    lab.snakemake()
    runs = pl.read_parquet(lab.folder / "results/report/tiny/tables/runs.parquet")
    status = dict(runs.select("method", "status").iter_rows())
    assert status["Full"] == "diverged"
    assert status["LoRA r=1"] == status["LoRA r=4"] == "done"
    assert "diverged" in (lab.folder / "reports/tiny/index.html").read_text("utf-8")


def test_a_mistake_in_the_study_stops_before_the_first_job(new_lab: Lab) -> None:
    text = new_lab.study_file.read_text("utf-8").replace("1.0e-2", "1e-2")
    new_lab.study_file.write_text(text, "utf-8")
    printed = new_lab.snakemake(fails=True)
    assert "tiny.yaml:" in printed
    assert 'learning_rate: "1e-2" is text' in printed
    assert not (new_lab.folder / "results").exists()


def test_the_slurm_profile_works_as_typed(new_lab: Lab) -> None:
    printed = new_lab.snakemake("--profile", "slurm", "--dry-run")
    assert re.search(r"train_run +4", printed)  # three, and the one that makes the base
    assert "slurm_partition" in printed


def test_snakemake_s_own_report_builds(lab: Lab) -> None:
    printed = lab.snakemake("--report", "report.html")
    assert "ERROR/" not in printed
    page = Path(lab.folder / "report.html").read_text("utf-8")
    for figure in ("plane", "intruders", "similarity"):
        assert f"{figure}.svg" in page
