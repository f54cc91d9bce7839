"""`make demo`: run the study of config.yaml, then say where the time went and where the report is.

Guarantees: whatever interrupted an earlier attempt, this one goes on from there; two at once do not
get into each other's way. Only what a person would otherwise type stands here: the work is
Snakemake's.
"""

import fcntl
import subprocess
import sys
import time
from pathlib import Path

import typer

from rankscope.artefacts import layout
from rankscope.errors import StudyError
from rankscope.studies.find import Studies
from rankscope.workflow.time_split import time_split

SNAKEMAKE = (sys.executable, "-m", "snakemake")
OPTIONS = (
    "--rerun-incomplete",
    "--keep-going",
    "--quiet",
    "host",
    "reason",
    "rules",
)


def main() -> int:
    """Run the demo and return the exit code."""
    try:
        study = Studies().current
    except StudyError as error:
        typer.echo(f"error: {error}", err=True)
        return 2
    page = Path(layout.report_page(study.study))
    Path(".snakemake").mkdir(exist_ok=True)
    with Path(".snakemake/demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            typer.echo("the demo is already running in this folder", err=True)
            return 1
        # no other demo runs: a lock that Snakemake left behind is of a killed one
        subprocess.run([*SNAKEMAKE, "--unlock", "--quiet", "all"], check=False, capture_output=True)
        started = time.time()
        finished = subprocess.run([*SNAKEMAKE, *OPTIONS, "--cores", "all"], check=False)
    if finished.returncode:
        typer.echo(
            "the demo stopped before its end; the messages above say why, logs/ holds the rest."
            " Start it again and it goes on from here.",
            err=True,
        )
        return finished.returncode
    typer.echo(time_split(started, time.time()))
    typer.echo(f"the report: {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
