"""What a disk refuses is a sentence with a path in every stage, and harms nothing that is there."""

import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from finished_study import (
    CHAPTERS,
    PACK,
    PAGE,
    PREDICT,
    SCORE,
    SPECTRA,
    SPECTRA_BASE,
    TABLES,
    TRAIN,
    rankscope,
    run_to_its_end,
)  # fmt: skip
from rankscope.errors import ArtefactError
from rankscope.records.study import Study
from tiny_study import TinyBase

ROWS = ("data", "rows", "code")
BASE = ("base", "model", "--again")
VERBS = (
    ROWS, PACK, BASE, TRAIN, PREDICT, SCORE, SPECTRA_BASE, SPECTRA, TABLES, *CHAPTERS, PAGE,
)  # fmt: skip
each_verb = pytest.mark.parametrize("verb", VERBS, ids=[" ".join(verb[:2]) for verb in VERBS])


@pytest.fixture(scope="module")
def finished(tiny_base: TinyBase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """The tiny study run to its end, in the working folder."""
    folder = tmp_path_factory.mktemp("refusals")
    tiny_base.copy_to(folder)
    run = next(run for run in tiny_base.study.runs if run.method.slug == "lora-r1")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run_to_its_end(tiny_base.study, run)
        yield tiny_base.study


def contents() -> dict[Path, bytes]:
    return {
        path: path.read_bytes()
        for path in Path("results").rglob("*")
        # what is resumed from may be written as far as it goes
        if path.is_file() and ".resume" not in path.parts
    }


@contextmanager
def small_files(limit: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@each_verb
def test_a_disk_without_room(finished: Study, verb: tuple[str, ...]) -> None:
    before = contents()
    with small_files(900), pytest.raises(ArtefactError, match=r"cannot be written: .*ulimit -f"):
        rankscope(*verb)
    assert contents() == before
    shutil.rmtree("results/.resume", ignore_errors=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    mount = ["mount", "--bind", str(folder), str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a disk")
    try:
        remount = ["mount", "-o", "remount,bind,ro", str(folder)]
        subprocess.run(remount, check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@each_verb
def test_results_that_are_read_only(finished: Study, verb: tuple[str, ...]) -> None:
    before = contents()
    with read_only(Path("results")):  # noqa: SIM117
        with pytest.raises(ArtefactError, match=r"cannot be written: this disk is read-only"):
            rankscope(*verb)
    assert contents() == before


def test_what_is_there_can_be_checked_on_a_read_only_disk(finished: Study) -> None:
    with read_only(Path("results")):
        assert "all as they were written" in rankscope("verify")
