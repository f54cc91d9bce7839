"""The manifest beside every artefact: what was made, from what, by which code, where and how long.

Guarantees: a manifest is written last, so its presence says that the artefact is complete. Times,
hardware and package versions stand here and only here, so that tables and weights of two equal
runs are equal to the bit.
"""

import gc
import hashlib
import logging
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rankscope.artefacts.files import write_json

logger = logging.getLogger(__name__)

STARTUP_LINE = "start-up took %.2f s"
PACKAGES = (
    "rankscope", "torch", "transformers", "peft", "bitsandbytes", "lm-eval", "rouge-score",
    "polars", "snakemake", "numpy", "scipy", "altair",
)  # fmt: skip


def file_sha256(path: Path) -> str:
    """Hash a file's content."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def package_versions() -> dict[str, str]:
    """Versions of the libraries a result depends on, as far as they are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def seconds_since_process_start() -> float:
    """Age of this process: interpreter start and imports included (Linux; elsewhere CPU time)."""
    stat = Path("/proc/self/stat")
    if not stat.exists():
        return time.process_time()
    started = int(stat.read_text().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def started_up(clock: float | None = None) -> float:
    """Log how long this process took to start up, and return it.

    Call it where a verb's heavy imports are over, or give the moment by `time.monotonic`. What came
    before is start-up, what follows is work; `rankscope.report.time_split` reads the line. The
    garbage collector, which the command line keeps out of the imports, takes up its work.
    """
    gc.freeze()
    gc.enable()
    since = 0.0 if clock is None else time.monotonic() - clock
    seconds = seconds_since_process_start() - since
    logger.info(STARTUP_LINE, seconds)
    return seconds


@dataclass
class Manifest:
    """What a stage fills in while it works; `write` adds the surroundings."""

    stage: str
    name: str
    spec: dict[str, Any]
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    status: str = "done"
    startup_seconds: float = field(default_factory=seconds_since_process_start)
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    _clock: float = field(default_factory=time.monotonic)

    def work_began(self, clock: float) -> None:
        """Say when heavy imports were over, by `time.monotonic`: all before is process start-up."""
        self.startup_seconds = started_up(clock)
        self._clock = clock

    def work_begins(self) -> None:
        """Call after heavy imports: all before it counts as process start-up."""
        self.work_began(time.monotonic())

    def write(self, path: Path) -> None:
        """Write the manifest to `path` as the last output of the stage."""
        write_json(
            path,
            {
                "stage": self.stage,
                "name": self.name,
                "status": self.status,
                "spec": self.spec,
                "inputs": self.inputs,
                "outputs": self.outputs,
                "results": self.results,
                "started": self.started,
                "startup_seconds": round(self.startup_seconds, 3),
                "work_seconds": round(time.monotonic() - self._clock, 3),
                "threads": os.environ.get("OMP_NUM_THREADS", "default"),
                "python": platform.python_version(),
                "packages": package_versions(),
                "machine": {"platform": platform.platform(), "cpus": os.cpu_count()},
            },
        )


@contextmanager
def manifest(path: Path, stage: str, name: str, spec: dict[str, Any]) -> Iterator[Manifest]:
    """Collect a manifest during the block; write it to `path` only if the block succeeds."""
    path.unlink(missing_ok=True)
    record = Manifest(stage, name, spec)
    yield record
    record.write(path)
