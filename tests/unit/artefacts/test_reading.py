"""What is read is what was written: file by file, with the command that makes it again."""

import json
from pathlib import Path

import polars as pl
import pytest

from rankscope.artefacts import layout
from rankscope.artefacts.hashes import file_sha256
from rankscope.artefacts.reading import (
    difference,
    intact_files,
    is_finished,
    is_made,
    kept_steps,
    lost_files,
    noting_reads,
    read_json,
    read_manifest,
    read_parquet,
    recorded_hash,
    regular_files,
    verified,
)
from rankscope.errors import ArtefactError
from sealing import seal

RUN = "lora-r4-1a2b3c4d"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of two kept steps and a table, sealed."""
    monkeypatch.chdir(tmp_path)
    folder = Path(layout.run_folder(RUN))
    for step in (5, 10):
        at = Path(layout.kept_weights(RUN)) / layout.step_folder(step)
        at.mkdir(parents=True)
        (at / "weights").write_bytes(bytes([step]) * 100)
    pl.DataFrame({"step": [1, 2]}).write_parquet(layout.loss_curve(RUN))
    seal()
    return folder


def test_what_was_written_is_read_and_noted(run: Path) -> None:
    notes: dict[str, str] = {}
    with noting_reads(notes):
        rows = read_parquet(Path(layout.loss_curve(RUN)))
    read_parquet(Path(layout.loss_curve(RUN)))
    assert rows["step"].to_list() == [1, 2]
    assert notes == {layout.loss_curve(RUN): file_sha256(Path(layout.loss_curve(RUN)))}


def test_a_folder_has_one_hash_that_every_file_of_it_changes(run: Path) -> None:
    steps = Path(layout.kept_weights(RUN))
    first = verified(steps)
    assert first == recorded_hash(steps)
    one = steps / layout.step_folder(5)
    assert verified(one) != first
    (one / "weights").write_bytes(b"other")
    seal()
    assert verified(steps) != first


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.write_bytes(b"other"), "differs from what was written"),
        (lambda path: path.unlink(), "is missing, although it was written"),
        (lambda path: path.with_name("more").write_text(""), "is not among what was written"),
    ],
)
def test_what_differs_is_named_with_the_command(run: Path, damage, said: str) -> None:
    damage(run / "steps" / "step-000010" / "weights")
    with pytest.raises(ArtefactError, match=said) as caught:
        kept_steps(Path(layout.kept_weights(RUN)))
    assert f"`rankscope train {RUN} --again`" in str(caught.value)


def test_a_table_of_its_own_is_read_whatever_lies_beside_it(run: Path) -> None:
    (run / "steps" / "step-000010" / "weights").unlink()
    assert read_parquet(Path(layout.loss_curve(RUN))).height == 2


def test_a_manifest_under_another_name_is_refused(run: Path) -> None:
    run.rename(run.with_name("full-99999999"))
    with pytest.raises(ArtefactError):
        read_manifest(run.with_name("full-99999999") / "run.json")


def test_a_changed_manifest_is_refused(run: Path) -> None:
    path = Path(layout.run_manifest(RUN))
    path.write_text(path.read_text().replace('"done"', '"gone"'))
    with pytest.raises(ArtefactError):
        read_manifest(path)
    assert intact_files(path) == []


def test_steps_come_in_order_and_a_run_that_was_not_trained_says_so(run: Path) -> None:
    assert list(kept_steps(Path(layout.kept_weights(RUN)))) == [5, 10]
    with pytest.raises(ArtefactError, match="run `rankscope train` first"):
        kept_steps(Path(layout.kept_weights("full-00000000")))


def test_lost_and_intact_files_are_told_apart(run: Path) -> None:
    lost, kept = (run / "steps" / f"step-{step:06d}" / "weights" for step in (5, 10))
    lost.unlink()
    assert lost_files(run / "steps") == [lost]
    assert kept in intact_files(run / "run.json")
    kept.write_text("other")
    assert kept not in intact_files(run / "run.json")
    assert lost_files(Path("elsewhere")) == []


def test_what_is_made_and_what_is_finished(run: Path) -> None:
    manifest, table = run / "run.json", run / "loss.parquet"
    assert is_finished(manifest, table)
    assert not is_finished(Path(layout.run_manifest("full-00000000")))
    table.unlink()
    assert is_made(table), "it was made, and is lost"
    assert not is_made(Path(layout.loss_curve("full-00000000")))
    with pytest.raises(ArtefactError, match="is missing"):
        is_finished(manifest, table)


def test_outside_of_the_layout_files_are_read_as_they_are(run: Path) -> None:
    Path("mine.json").write_text(json.dumps({"a": 1}))
    assert read_json(Path("mine.json")) == {"a": 1}
    assert verified(Path("mine.json")) == file_sha256(Path("mine.json"))
    assert recorded_hash(Path("mine.json")) is None


def test_files_of_a_job_that_writes_are_no_part_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name in ("a", ".b.partial", ".snakemake_timestamp", "below/c"):
        (tmp_path / name).write_text("")
    assert list(regular_files(tmp_path)) == ["a", "below/c"]
    assert list(regular_files(tmp_path / "a")) == [""]


def test_a_link_whose_target_is_gone_says_where_it_led(tmp_path: Path) -> None:
    link = tmp_path / "weights"
    link.symlink_to(tmp_path / "gone")
    assert str(tmp_path / "gone") in str(difference(link, "abc", None))
    assert difference(link, "abc", "abc") is None
