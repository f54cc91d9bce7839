"""The manifest beside every artefact: what was made, from what, by which code, where and how long.

Guarantees: outputs that are written through a manifest take their places together, and it with
them, after all of them are whole; until then what was there before is untouched. So the presence of
a manifest says that the artefact is complete, and it holds the hash of every file of it, of all
that was read for it, and of itself. Times, hardware and package versions stand here and only here,
so that tables and weights of two equal runs are equal to the bit.

Not here: comparing what lies there with a manifest; that is `artefacts.reading`.
"""

import gc
import hashlib
import json
import logging
import os
import platform
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts.disk import writing
from rankscope.artefacts.files import replace_folder, replacing, settle, temporary_path
from rankscope.artefacts.hashes import content_hash
from rankscope.artefacts.reading import SEAL, noting_reads, regular_files

logger = logging.getLogger(__name__)

PACKAGES = (
    "rankscope", "torch", "transformers", "peft", "bitsandbytes", "lm-eval", "rouge-score",
    "polars", "snakemake", "numpy", "scipy", "altair",
)  # fmt: skip


@cache
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


_accounted = [0.0]  # seconds of this process that manifests have accounted for


def unaccounted_seconds() -> float:
    """Age of this process less what it spent up to the manifest that it wrote last."""
    return seconds_since_process_start() - _accounted[0]


def started_up(clock: float | None = None) -> float:
    """Log how long this process took to start up, and return it.

    Call it where a verb's heavy imports are over, or give the moment by `time.monotonic`. What came
    before is start-up, what follows is work. A process that writes several manifests counts its
    time once: what came before the last one is no start-up of the next. The garbage collector,
    which the command line keeps out of the imports, takes up its work.
    """
    gc.freeze()
    gc.enable()
    since = 0.0 if clock is None else time.monotonic() - clock
    seconds = unaccounted_seconds() - since
    logger.info("start-up took %.2f s", seconds)
    return seconds


@dataclass
class Manifest:
    """What a stage fills in while it works; `manifest` adds the surroundings and writes it."""

    path: Path
    stage: str
    name: str
    spec: dict[str, Any]
    inputs: dict[str, str] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    status: str = "done"
    startup_seconds: float = field(default_factory=unaccounted_seconds)
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    _clock: float = field(default_factory=time.monotonic)
    _staged: dict[Path, Path] = field(default_factory=dict)
    _covered: list[Path] = field(default_factory=list)
    _adopted: set[Path] = field(default_factory=set)

    def work_began(self, clock: float) -> None:
        """Say when heavy imports were over, by `time.monotonic`: all before is process start-up."""
        self.startup_seconds = started_up(clock)
        self._clock = clock

    def work_begins(self) -> None:
        """Call after heavy imports: all before it counts as process start-up."""
        self.work_began(time.monotonic())

    def file(self, path: Path) -> Path:
        """Give a temporary path; what is written there becomes `path` when the block ends."""
        with writing(path):
            self._staged[path] = temporary_path(path)
        return self._staged[path]

    def folder(self, path: Path) -> Path:
        """Give an empty temporary folder; it becomes `path` when the block ends."""
        temporary = self.file(path)
        with writing(path):
            temporary.mkdir()
        return temporary

    def parquet(self, path: Path, rows: pl.DataFrame) -> None:
        """Write tidy rows, which become `path` when the block ends."""
        temporary = self.file(path)
        with writing(path):
            rows.write_parquet(temporary)

    def adopt(self, folder: Path, path: Path) -> None:
        """Let the folder `folder` become `path` when the block ends; if it fails, it stays."""
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._staged[path] = folder
        self._adopted.add(path)

    def covers(self, path: Path) -> None:
        """Count a file or folder that is written already among the outputs."""
        self._covered.append(path)

    def commit(self) -> None:
        """Put all outputs in their places, and the manifest with them.

        Raises:
            ArtefactError: the disk refuses it; then nothing was replaced.
        """
        with writing(self.path):
            for temporary in self._staged.values():
                settle(temporary)
            text = sealed(self._content())
            home = next((at for at in self._staged if self.path.is_relative_to(at)), None)
            if home is not None:
                inside = self._staged[home] / self.path.relative_to(home)
                inside.write_text(text, "utf-8")
                settle(inside)
                self._take_places()
                return
            with replacing(self.path) as temporary:
                temporary.write_text(text, "utf-8")
                self._take_places()

    def _take_places(self) -> None:
        for path, temporary in self._staged.items():
            if temporary.is_dir():
                replace_folder(temporary, path)
            else:
                temporary.replace(path)

    def discard(self) -> None:
        """Remove what was staged and did not take its place."""
        for path, temporary in self._staged.items():
            if path in self._adopted:
                continue
            if temporary.is_dir():
                shutil.rmtree(temporary, ignore_errors=True)
            elif temporary.exists():
                temporary.unlink()

    def _content(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "name": self.name,
            "status": self.status,
            "spec": self.spec,
            "inputs": self.inputs,
            "outputs": self._hashes(),
            "results": self.results,
            "started": self.started,
            "startup_seconds": round(self.startup_seconds, 3),
            "work_seconds": round(time.monotonic() - self._clock, 3),
            "threads": os.environ.get("OMP_NUM_THREADS", "default"),
            "python": platform.python_version(),
            "packages": package_versions(),
            "machine": {"platform": platform.platform(), "cpus": os.cpu_count()},
        }

    def _hashes(self) -> dict[str, str]:
        """Hash every file of every output, under its path seen from the manifest's folder."""
        written = {path: path for path in self._covered} | self._staged
        return {
            Path(os.path.relpath(path / inside, self.path.parent)).as_posix(): content_hash(file)
            for path, at in written.items()
            for inside, file in regular_files(at).items()
            if path / inside != self.path
        }


def sealed(content: dict[str, Any]) -> str:
    """Write a manifest's content as JSON whose last entry is the hash of all text before it."""
    text = json.dumps(content, indent=2, ensure_ascii=False).removesuffix("\n}")
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f'{text}{SEAL}"{digest}"\n}}\n'


@contextmanager
def manifest(path: Path, stage: str, name: str, spec: dict[str, Any]) -> Iterator[Manifest]:
    """Collect a manifest during the block; put it and its outputs in place if the block succeeds.

    What is read through `artefacts.reading` meanwhile is noted among the inputs.

    Raises:
        ArtefactError: the disk refuses an output or the manifest.
    """
    record = Manifest(path, stage, name, spec)
    try:
        # whatever a stage writes, and with whichever library, it writes in here
        with writing(path), noting_reads(record.inputs):
            yield record
        record.commit()
        _accounted[0] = seconds_since_process_start()
    finally:
        record.discard()
