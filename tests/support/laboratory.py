"""A laboratory to run the real workflow in: a copy of the repository with the tiny study.

The package is imported from the copy, so that a test can edit code, too.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tiny_study import STUDY, write_tiny_documents

ROOT = Path(__file__).parents[2]
COPIED = ("Snakefile", "workflow", "profiles", "slurm", "envs", "src")


@dataclass(frozen=True)
class Lab:
    """A copy of the repository whose config names the tiny study."""

    folder: Path

    @property
    def study_file(self) -> Path:
        return self.folder / "workflow/studies/tiny.yaml"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": str(self.folder / "src"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HF_HUB_OFFLINE": "1",
        }

    def snakemake(self, *arguments: str, fails: bool = False) -> str:
        """Run Snakemake and return what it printed."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        assert (done.returncode != 0) == fails, done.stdout[-6000:]
        return done.stdout

    def planned(self, *arguments: str) -> Counter[str]:
        """Jobs per rule that a dry run announces, target rules aside."""
        table = self.snakemake(*arguments, "--dry-run", "--quiet", "rules").split("Job stats:")[-1]
        jobs = {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
        targets = {"all", "total", "data", "base", "train", "evaluate", "spectra", "report"}
        return Counter({name: count for name, count in jobs.items() if name not in targets})

    def edit_study(self, **changes: Any) -> None:
        content = yaml.safe_load(self.study_file.read_text("utf-8"))
        content.update(changes)
        self.study_file.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")

    def only(self, pattern: str) -> Path:
        """The one path that matches."""
        (found,) = self.folder.glob(pattern)
        return found


def new_laboratory(folder: Path) -> Lab:
    """Set up an untouched laboratory in an empty folder."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in COPIED:
        source = ROOT / name
        if source.is_symlink():
            (folder / name).symlink_to(source.readlink())
        elif source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy2(source, folder / name)
    (folder / "config.yaml").write_text("study: tiny\n", "utf-8")
    (folder / "workflow/studies/tiny.yaml").write_text(STUDY, "utf-8")
    write_tiny_documents(folder)
    return Lab(folder)


def copied(lab: Lab, folder: Path) -> Lab:
    """Copy a laboratory with the times of its files, by which Snakemake judges."""
    shutil.copytree(lab.folder, folder, symlinks=True)
    return Lab(folder)
