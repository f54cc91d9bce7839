import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from rankscope.artefacts.files import replacing, replacing_folder, write_json, write_parquet

# a process that is killed while it writes: half an output, then SIGKILL to itself
KILLED_IN_A_FILE = """
import os, signal, sys
from pathlib import Path
from rankscope.artefacts.files import replacing
with replacing(Path(sys.argv[1])) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
KILLED_IN_A_FOLDER = """
import os, signal, sys
from pathlib import Path
from rankscope.artefacts.files import replacing_folder
with replacing_folder(Path(sys.argv[1])) as temporary:
    (temporary / "first").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(program: str, path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_file_is_there_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rows.txt"
    with replacing(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "rows.txt"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_killed_in_the_middle_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    killed(KILLED_IN_A_FILE, path)
    assert visible(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 1, "the test must leave something to clear"
    with replacing(path) as temporary:
        temporary.write_text("whole")
    assert list(tmp_path.iterdir()) == [path]


def test_killed_in_the_middle_of_a_folder_keeps_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.mkdir()
    (path / "weights").write_text("old")
    killed(KILLED_IN_A_FOLDER, path)
    assert visible(tmp_path) == ["model"]
    assert visible(path) == ["weights"]
    with replacing_folder(path) as temporary:
        (temporary / "weights").write_text("new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]
    assert (path / "weights").read_text() == "new"


def test_what_a_running_process_writes_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    other = tmp_path / f".rows.txt.{platform.node()}-{os.getppid()}.partial"
    other.write_text("half")
    elsewhere = tmp_path / ".rows.txt.another-machine-1.partial"
    elsewhere.write_text("half")
    with replacing(path) as temporary:
        temporary.write_text("whole")
    assert sorted(tmp_path.iterdir()) == sorted([path, other, elsewhere])


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "model"
    with replacing_folder(path) as temporary:
        (temporary / "old").write_text("")
    with replacing_folder(path) as temporary:
        (temporary / "new").write_text("")
        assert visible(path) == ["old"]
    assert visible(path) == ["new"]
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_keeps_the_old_folder(tmp_path: Path) -> None:
    path = tmp_path / "model"
    with replacing_folder(path) as temporary:
        (temporary / "old").write_text("")
    with pytest.raises(RuntimeError), replacing_folder(path) as temporary:
        (temporary / "new").write_text("")
        raise RuntimeError
    assert visible(path) == ["old"]
    assert list(tmp_path.iterdir()) == [path]


def test_json_is_readable_text(tmp_path: Path) -> None:
    write_json(tmp_path / "run.json", {"α": [1, 2.5, None]})
    text = (tmp_path / "run.json").read_text("utf-8")
    assert text == '{\n  "α": [\n    1,\n    2.5,\n    null\n  ]\n}\n'


def test_equal_tables_give_equal_bytes(tmp_path: Path) -> None:
    rows = pl.DataFrame({"run": ["a", "b"], "rank": [None, 4]})
    for name in ("one", "two"):
        write_parquet(tmp_path / name, rows)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert pl.read_parquet(tmp_path / "one").equals(rows)


def test_what_was_left_of_a_name_with_brackets_is_cleared(tmp_path: Path) -> None:
    path = tmp_path / "c_attn[q].safetensors"
    killed(KILLED_IN_A_FILE, path)
    assert len(list(tmp_path.iterdir())) == 1, "the test must leave something to clear"
    with replacing(path) as temporary:
        temporary.write_text("whole")
    assert list(tmp_path.iterdir()) == [path]
