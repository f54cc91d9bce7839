"""How the wall time of a workflow divides into work, process start-up and orchestration.

Guarantees: computed from the manifests that jobs wrote: the seconds of start-up and of work that
each says; its time of writing is the job's end. Wall time in which several jobs run is shared
equally among them; wall time in which none runs is orchestration, and so is what a process does
after its manifest, or a job that wrote none: the share is never flattered.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from rankscope.artefacts import layout
from rankscope.artefacts.reading import read_manifest
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
    """Read the manifests written after `since`: each says what its job spent up to its writing.

    What a job lists as its parts is no job of its own.
    """
    results = root / layout.RESULTS
    for path in sorted(results.rglob("*.json")):
        place = layout.place_of(path.as_posix())
        if place is None or not place.command or Path(place.manifest) != path:
            continue
        end = path.stat().st_mtime
        if end >= since:
            content = read_manifest(path)
            startup = float(content["startup_seconds"])
            begin = end - startup - float(content["work_seconds"])
            yield Job(content["stage"].partition("-")[0], begin, end, startup)


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
