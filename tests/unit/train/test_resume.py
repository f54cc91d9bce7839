"""The folder a run is resumed from: locked, of one fingerprint, complete checkpoints only."""

from pathlib import Path

import pytest

from rankscope.errors import ArtefactError
from rankscope.train.callbacks import COMPLETE
from rankscope.train.resume import latest_checkpoint, resumable


def checkpoint(folder: Path, step: int, complete: bool = True) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    if complete:
        (path / COMPLETE).touch()
    return path


def interrupted(folder: Path, fingerprint: dict[str, str]) -> None:
    """Enter the block and leave it as a failing job does."""
    with pytest.raises(KeyboardInterrupt), resumable(folder, fingerprint):
        raise KeyboardInterrupt


def test_latest_is_by_number_and_complete(tmp_path: Path) -> None:
    checkpoint(tmp_path, 9)
    expected = checkpoint(tmp_path, 10)
    checkpoint(tmp_path, 200, complete=False)
    assert latest_checkpoint(tmp_path) == expected


def test_nothing_to_resume_from(tmp_path: Path) -> None:
    with resumable(tmp_path / "run", {"lr": "1"}) as found:
        assert found is None


def test_an_interrupted_run_finds_its_checkpoint_again(tmp_path: Path) -> None:
    interrupted(tmp_path / "run", {"lr": "1"})
    expected = checkpoint(tmp_path / "run", 5)
    with resumable(tmp_path / "run", {"lr": "1"}) as found:
        assert found == expected


def test_another_fingerprint_starts_anew(tmp_path: Path) -> None:
    interrupted(tmp_path / "run", {"lr": "1"})
    foreign = checkpoint(tmp_path / "run", 5)
    with resumable(tmp_path / "run", {"lr": "2"}) as found:
        assert found is None
        assert not foreign.exists()


def test_a_checkpoint_without_any_fingerprint_is_not_trusted(tmp_path: Path) -> None:
    checkpoint(tmp_path / "run", 5)
    with resumable(tmp_path / "run", {"lr": "1"}) as found:
        assert found is None


def test_a_finished_run_leaves_nothing_behind(tmp_path: Path) -> None:
    with resumable(tmp_path / "run", {"lr": "1"}):
        checkpoint(tmp_path / "run", 5)
    assert not (tmp_path / "run").exists()


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    with (
        resumable(tmp_path / "run", {"lr": "1"}),
        pytest.raises(ArtefactError, match="another process is training this run"),
        resumable(tmp_path / "run", {"lr": "1"}),
    ):
        pass
