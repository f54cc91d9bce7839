"""What a person is told while a workflow runs and when it ends: in lines that can be read.

Guarantees: the last lines say where the report is, or which jobs failed, with the last thing that
their logs say and the logs' paths; no message lists more than a few files. Nothing is decided here.
"""

import atexit
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from rankscope.artefacts import layout
from rankscope.studies.edits import edited_since
from rankscope.studies.find import Studies

MOST_TOLD = 10
MOST_FILES = 4
ALL_STAGES = ("all", "report")


def list_few_files(logger: logging.Logger) -> None:
    """Let Snakemake's messages about jobs list a few files each: a study has hundreds."""
    logger.addFilter(_shorten)


def _shorten(record: logging.LogRecord) -> bool:
    for field in ("input", "output"):
        files = getattr(record, field, None)
        if isinstance(files, list):
            setattr(record, field, few(files))
    reason = getattr(record, "reason", None)
    if reason:
        parts = [", ".join(few(part.split(", "))) for part in str(reason).split("; ")]
        record.reason = "; ".join(parts)
    return True


def few(files: list[str]) -> list[str]:
    """The first of many files, and how many more there are."""
    if len(files) <= MOST_FILES + 1:
        return files
    return [*files[:MOST_FILES], f"… and {len(files) - MOST_FILES} more"]


def say_last(text: str) -> None:
    """Print a text when this process ends: what Snakemake says after its hooks comes before it."""
    atexit.register(typer.echo, text, err=True)


def success(studies: Studies, targets: Iterable[str]) -> str:
    """Say what a workflow made for its targets, and whether the study was edited meanwhile."""
    targets = list(targets) or ["all"]
    asked = studies.current
    pages = [target for target in targets if target.endswith("/index.html")]
    if any(target in ALL_STAGES for target in targets):
        pages.append(layout.report_page(asked.study))
    lines = [f"the report: {Path(page).absolute()}" for page in dict.fromkeys(pages)]
    if not lines:
        stages = " ".join(targets)
        lines = [f"done: {stages} of the study {asked.study} ({asked.path})"]
    edited = edited_since(asked)
    return "\n".join([*lines, *([edited] if edited else [])])


def failure(jobs: Iterable[Any]) -> str:
    """Say which jobs failed, why as far as their logs say, and how to go on.

    Args:
        jobs: Snakemake's jobs that failed.
    """
    failed = sorted(jobs, key=str)
    lines = [f"{len(failed)} jobs failed:" if len(failed) > 1 else "this job failed:"]
    for job in failed[:MOST_TOLD]:
        logs = [Path(log) for log in job.log]
        of = " ".join(str(value) for value in job.wildcards)
        lines.append(f"  {job.rule.name} {of}".rstrip() + "".join(map(_said, logs)))
        lines += [f"    log: {log}" for log in logs]
    if len(failed) > MOST_TOLD:
        lines.append(f"  … and {len(failed) - MOST_TOLD} more, in Snakemake's log")
    lines.append(
        "Mend what they say and start the same command again: it goes on from here, and what is"
        " done stays done. --keep-going meanwhile finishes what does not need them."
    )
    return "\n".join(lines)


def _said(log: Path) -> str:
    """The last line that a job wrote, without its time of day."""
    if not log.is_file():
        return ": it wrote no log"
    lines = [line.strip() for line in log.read_text("utf-8", errors="replace").splitlines()]
    errors = [line for line in lines if " error: " in line]
    last = (errors or [line for line in lines if line])[-1:]
    return "".join(f": {line.split(' ', 1)[-1]}" for line in last)
