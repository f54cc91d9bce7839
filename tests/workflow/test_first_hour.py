"""The first hour: lines as people type them, from an environment that is not activated."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import polars as pl
import pytest

from laboratory import Lab, copied


def not_activated(lab: Lab) -> dict[str, str]:
    """An environment in which no `rankscope` is on the path."""
    folders = [
        f for f in os.environ["PATH"].split(os.pathsep) if not (Path(f) / "rankscope").exists()
    ]
    assert shutil.which("rankscope", path=os.pathsep.join(folders)) is None
    return lab.environment | {"PATH": os.pathsep.join(folders)}


def typed(lab: Lab, *arguments: str, cwd: Path | None = None) -> str:
    """What is printed where the line must fail: all of it, which has no traceback."""
    done = subprocess.run(
        lab.command(*arguments),
        cwd=cwd or lab.folder,
        env=lab.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    printed = done.stdout + done.stderr
    assert done.returncode != 0, printed
    assert "Traceback" not in printed
    assert 'File "' not in printed
    return printed


def test_a_study_edited_while_it_runs_is_reported_as_it_was_at_the_start(new_lab: Lab) -> None:
    process = subprocess.Popen(
        new_lab.command("--config", "study=workflow/studies/tiny.yaml"),
        cwd=new_lab.folder,
        env=not_activated(new_lab),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        give_up = time.monotonic() + 300
        while not list(new_lab.folder.glob("results/data/*/rows.parquet")):
            assert process.poll() is None, "the run ended before its study could be edited"
            assert time.monotonic() < give_up
            time.sleep(0.05)
        lora = {"method": "lora", "rank": [2], "alpha": "2r", "learning_rate": 1.0e-2}
        new_lab.edit_study(grid=[lora], title="another title", spectra={"ks": [2]})
        printed, _ = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 0, printed[-6000:]
    runs = pl.read_parquet(new_lab.folder / "results/report/tiny/tables/runs.parquet")
    assert set(runs["method"]) >= {"Full", "LoRA r=1", "LoRA r=4"}
    assert "LoRA r=2" not in set(runs["method"])
    assert set(runs["status"]) == {"done"}
    page = new_lab.folder / "reports/tiny/index.html"
    assert "another title" not in page.read_text("utf-8")
    *_, report, edited = printed.strip().splitlines()
    assert report == f"the report: {page}"
    assert "tiny.yaml was edited meanwhile" in edited
    assert "edited meanwhile" in page.read_text("utf-8")
    # no message lists more than a few of the study's files
    assert max(map(len, printed.splitlines())) < 1500

    planned = new_lab.planned()
    assert planned["train_run"] == 1
    assert planned["report_page"] == 1


def test_a_failed_job_is_named_with_its_reason_and_its_log(lab: Lab) -> None:
    verb = lab.folder / "src/rankscope/train/cli.py"
    text = verb.read_text("utf-8")
    line = "    spec = asked(Run, run, study)\n"
    assert line in text
    broken = '    from rankscope.errors import DataError\n    raise DataError("no space is left")\n'
    verb.write_text(text.replace(line, broken), "utf-8")
    lab.edit_study(grid=[{"method": "lora", "rank": [3], "learning_rate": 1.0e-2}])
    printed = lab.snakemake("train", fails=True)
    told = printed[printed.rindex("this job failed:") :].splitlines()
    assert told[1].startswith("  train_run lora-r3-")
    assert told[1].endswith(": error: no space is left")
    assert told[2].strip().startswith("log: logs/train/lora-r3-")
    assert "start the same command again" in told[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--config", "sutdy=tiny"],
         "error: config.yaml or --config: sutdy: unknown key; did you mean study?"),
        (["--config", "study=tyni"], "did you mean workflow/studies/tiny.yaml?"),
        (["--config", "study=workflow/studies/tyni.yaml"],
         "did you mean workflow/studies/tiny.yaml?"),
        (["trian"], "error: 'trian' is no target; did you mean train?"),
        (["--forcerun", "evalute"], "error: 'evalute' is no target; did you mean evaluate?"),
        (["reports/tyni/index.html"], "did you mean workflow/studies/tiny.yaml?"),
    ],
)  # fmt: skip
def test_a_slip_is_answered_with_one_sentence(
    new_lab: Lab, arguments: list[str], sentence: str
) -> None:
    printed = typed(new_lab, *arguments, "--dry-run")
    assert sentence in printed.strip().splitlines()[-1]


def test_a_study_runs_in_another_folder_without_a_config(fresh_lab: Lab, tmp_path: Path) -> None:
    lab = copied(fresh_lab, tmp_path / "a lab")
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    for documents in lab.folder.glob("*.jsonl"):
        shutil.copy2(documents, elsewhere)
    snakefile = ("--snakefile", str(lab.folder / "Snakefile"))
    printed = typed(lab, *snakefile, cwd=elsewhere)
    assert "error: which study? There is no config.yaml in this folder" in printed
    # by name, as it is called in the repository, and by the path of its file
    for study in ("tiny", str(lab.folder / "workflow/studies/tiny.yaml")):
        done = subprocess.run(
            lab.command(*snakefile, "data", "--config", f"study={study}"),
            cwd=elsewhere,
            env=not_activated(lab),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:]
    assert list(elsewhere.glob("results/data/*/rows.parquet"))
    assert not (lab.folder / "results").exists()
