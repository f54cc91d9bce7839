"""How the wall time of a workflow divides into work, process start-up and orchestration.

Guarantees: computed from Snakemake's benchmark files (a job's seconds; the file's time of writing
is the job's end) and the logs beside them (every verb logs how long its start-up took). Wall time
in which several jobs run is shared equally among them; wall time in which none runs is
orchestration. A job whose log does not say counts as start-up as a whole: the share is never
flattered.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from rankscope.artefacts.manifest import STARTUP_LINE
from rankscope.progress import duration


@dataclass(frozen=True)
class Job:
    """One finished job: stage, interval in seconds since the epoch, and its start-up seconds."""

    stage: str
    start: float
    end: float
    startup: float


def time_split(since: float, until: float, root: Path = Path()) -> str:
    """Say in a few lines how the time from `since` to `until` was spent."""
    jobs = list(finished_jobs(root, since))
    if not jobs:
        return f"nothing to do ({duration(until - since)})"
    shares = wall_shares(jobs)
    by_stage: dict[str, float] = defaultdict(float)
    startup = 0.0
    for job, share in zip(jobs, shares, strict=True):
        by_stage[job.stage] += share
        startup += share * min(1.0, job.startup / (job.end - job.start))
    wall = until - since
    idle = wall - sum(shares)
    overhead = startup + idle
    lines = [f"{len(jobs)} jobs in {duration(wall)}:"]
    lines += [f"  {stage:<10}{seconds:6.1f} s" for stage, seconds in by_stage.items()]
    lines += [
        f"  {'no job':<10}{idle:6.1f} s",
        f"process start-up {startup:.1f} s and orchestration {idle:.1f} s:"
        f" {overhead / wall:.1%} of the time",
    ]
    return "\n".join(lines)


def finished_jobs(root: Path, since: float) -> Iterable[Job]:
    """Read the benchmark files written after `since`."""
    for path in sorted((root / "benchmarks").rglob("*.jsonl")):
        end = path.stat().st_mtime
        if end < since:
            continue
        seconds = float(json.loads(path.read_text("utf-8").splitlines()[-1])["s"])
        name = path.relative_to(root / "benchmarks")
        said = _logged_startup(root / "logs" / name.with_suffix(".log"))
        yield Job(name.parts[0], end - seconds, end, seconds if said is None else said)


def _logged_startup(log: Path) -> float | None:
    if not log.exists():
        return None
    said = re.search(STARTUP_LINE.replace("%.2f", r"([\d.]+)"), log.read_text("utf-8"))
    return float(said[1]) if said else None


def wall_shares(jobs: list[Job]) -> list[float]:
    """Divide the wall time equally among the jobs that run at each moment.

    Returns:
        Seconds per job; their sum is the time in which at least one job ran.
    """
    edges = sorted({moment for job in jobs for moment in (job.start, job.end)})
    shares = [0.0] * len(jobs)
    for begin, end in pairwise(edges):
        running = [i for i, job in enumerate(jobs) if job.start <= begin and job.end >= end]
        for i in running:
            shares[i] += (end - begin) / len(running)
    return shares
