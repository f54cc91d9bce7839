"""What the disk refuses becomes a sentence, whichever library met it; all else passes."""

import errno
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rankscope.artefacts.disk import reading, writing
from rankscope.artefacts.files import replacing, replacing_folder
from rankscope.errors import ArtefactError, ModelError

SIZE = 1 << 19


def write_with_torch(path: Path) -> None:
    import torch

    torch.save({"a": torch.rand(SIZE // 4)}, path)


def write_with_safetensors(path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"a": np.random.default_rng(0).random(SIZE // 8)}, path)


ROWS = pl.DataFrame({"a": np.random.default_rng(0).random(SIZE // 8)})
WRITERS: dict[str, Callable[[Path], object]] = {
    "python": lambda path: path.write_bytes(bytes(SIZE)),
    "parquet": ROWS.write_parquet,
    "csv": ROWS.write_csv,
    "torch": write_with_torch,
    "safetensors": write_with_safetensors,
}


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow beyond 100 kB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount a disk of 300 kB with the given options."""
    made: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / "disk"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size=300k,{options}", "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("needs the right to mount a disk")
        made.append(folder)
        return folder

    yield mount
    for folder in made:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_limit_on_files(tmp_path: Path, small_files: None, write: Callable) -> None:
    with (
        pytest.raises(ArtefactError, match=r"rows: cannot be written: .*ulimit -f"),
        replacing(tmp_path / "rows") as temporary,
    ):
        write(temporary)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_full_disk(mounted: Callable[[str], Path], write: Callable) -> None:
    folder = mounted("rw")
    (folder / "kept").write_bytes(b"finished")
    with (
        pytest.raises(ArtefactError, match=r"model: cannot be written: the disk is full"),
        replacing_folder(folder / "model") as temporary,
    ):
        write(temporary / "rows")
    assert [path.name for path in folder.iterdir()] == ["kept"]


def test_a_read_only_disk(mounted: Callable[[str], Path]) -> None:
    folder = mounted("ro")
    for path in (folder / "rows", folder / "new/rows"):
        with (
            pytest.raises(ArtefactError, match=r"rows: cannot be written: this disk is read-only"),
            replacing(path) as temporary,
        ):
            temporary.write_text("a")


def test_a_file_where_a_folder_has_to_be(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("mine")
    with (
        pytest.raises(ArtefactError, match="a file lies where a folder has to be"),
        replacing(tmp_path / "results/train/rows"),
    ):
        pass


def test_a_name_too_long(tmp_path: Path) -> None:
    with (
        pytest.raises(ArtefactError, match="the path is too long"),
        replacing(tmp_path / ("a" * 250)) as temporary,
    ):
        temporary.write_text("a")


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM])
def test_no_permission(tmp_path: Path, code: int) -> None:
    path = tmp_path / "rows"
    with (
        pytest.raises(ArtefactError, match=r"rows: cannot be written: there is no permission"),
        writing(path),
    ):
        raise OSError(code, os.strerror(code), str(path))
    with (
        pytest.raises(ArtefactError, match=r"rows: cannot be read: there is no permission"),
        reading(path),
    ):
        raise OSError(code, os.strerror(code), str(path))


DEFECTS = [
    TypeError("unsupported operand"),
    KeyError("step"),
    RuntimeError("shapes do not match"),
    FileNotFoundError(errno.ENOENT, "No such file", "elsewhere"),
    PermissionError(errno.EACCES, "Permission denied", "/elsewhere/model"),
    ModelError("the base cannot be loaded"),
]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: type(defect).__name__)
def test_a_defect_stays_one(tmp_path: Path, defect: Exception) -> None:
    with pytest.raises(type(defect)) as raised, replacing(tmp_path / "rows"):
        raise defect
    assert raised.value is defect
