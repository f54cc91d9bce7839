"""A study as it was when a workflow started."""

from pathlib import Path

import pytest

from rankscope.errors import ArtefactError, StudyError
from rankscope.studies.expand import load_study
from rankscope.studies.snapshot import is_snapshot, read_snapshot, snapshots, write_snapshot
from study_text import STUDY, edited


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("mine.yaml")
    path.write_text(STUDY, "utf-8")
    return path


def test_a_snapshot_is_the_study_it_was_taken_of(file: Path) -> None:
    study = load_study(file)
    snapshot = write_snapshot(study)
    assert is_snapshot(snapshot)
    assert not is_snapshot(file)
    assert read_snapshot(snapshot) == study
    # wherever the path of a study file is taken, that of a snapshot is
    file.unlink()
    assert load_study(str(snapshot)) == study


def test_one_study_is_one_file_however_its_path_is_written_and_laid_out(file: Path) -> None:
    snapshot = write_snapshot(load_study(file))
    written = snapshot.stat().st_mtime_ns
    file.write_text(f"# a comment\n{STUDY}", "utf-8")
    for path in ("./mine.yaml", str(file.absolute())):
        assert write_snapshot(load_study(path)) == snapshot
    # a snapshot of a snapshot, which a job takes, is itself
    assert write_snapshot(load_study(snapshot)) == snapshot
    assert snapshot.stat().st_mtime_ns == written


def test_an_edited_study_is_another_file_beside_the_first(file: Path) -> None:
    first = write_snapshot(load_study(file))
    kept = first.read_bytes()
    file.write_text(edited(("A study of ours", "Another title")), "utf-8")
    second = write_snapshot(load_study(file))
    assert {first, second} == set(snapshots())
    assert first.read_bytes() == kept


def test_what_is_no_snapshot_of_this_version_is_said(file: Path) -> None:
    snapshot = write_snapshot(load_study(file))
    snapshot.write_text('{"study": "mine", "since": "removed"}', "utf-8")
    with pytest.raises(StudyError, match="of another version of rankscope; start snakemake again"):
        read_snapshot(snapshot)
    snapshot.unlink()
    with pytest.raises(StudyError, match="cannot be read"):
        load_study(snapshot)


def test_a_folder_that_takes_no_results_is_said(file: Path) -> None:
    Path("results").write_text("a file where a folder belongs", "utf-8")
    with pytest.raises(ArtefactError, match=r"results/\.studies/.* cannot be written"):
        write_snapshot(load_study(file))
