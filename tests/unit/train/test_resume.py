"""The folder a run is resumed from: locked, of one fingerprint, complete checkpoints only."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rankscope.errors import ArtefactError
from rankscope.train.resume import latest_checkpoint, resumable, seal


def checkpoint(folder: Path, step: int, complete: bool = True) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "optimizer.pt").write_bytes(bytes(range(256)) * step)
    if complete:
        seal(folder, step)
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


DAMAGES = {
    "truncated": lambda file: file.write_bytes(file.read_bytes()[:100]),
    "empty": lambda file: file.write_bytes(b""),
    "one bit": lambda file: file.write_bytes(b"\x01" + file.read_bytes()[1:]),
    "deleted": lambda file: file.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", ["optimizer.pt", "complete"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    tmp_path: Path, damage: Callable[[Path], None], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    before, last = checkpoint(tmp_path, 9), checkpoint(tmp_path, 10)
    damage(last / name)
    assert latest_checkpoint(tmp_path) == before
    if (damage, name) != (DAMAGES["deleted"], "complete"):
        assert str(last) in caplog.text
        assert name in caplog.text
        assert not last.exists()


def test_a_checkpoint_counts_only_with_the_steps_kept_until_then(tmp_path: Path) -> None:
    before = checkpoint(tmp_path, 9)
    kept = tmp_path / "steps/step-000010"
    kept.mkdir(parents=True)
    (kept / "adapter_model.safetensors").write_bytes(b"weights")
    checkpoint(tmp_path, 10)
    (kept / "adapter_model.safetensors").write_bytes(b"weightz")
    assert latest_checkpoint(tmp_path) == before


def test_with_every_checkpoint_damaged_a_run_starts_from_its_beginning(tmp_path: Path) -> None:
    for step in (9, 10):
        DAMAGES["truncated"](checkpoint(tmp_path, step) / "optimizer.pt")
    assert latest_checkpoint(tmp_path) is None


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
