"""Records on the disk: each under its name, whole, and read without any study."""

from pathlib import Path

import pytest

from rankscope.artefacts import layout
from rankscope.errors import ArtefactError, StudyError
from rankscope.records.runs import Run
from rankscope.records.study import Study
from rankscope.studies.expand import load_study
from rankscope.studies.graph import walk
from rankscope.studies.store import is_kept, keep, kept, read_record
from tiny_study import FILE, STUDY, write_tiny_documents


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    write_tiny_documents(tmp_path)
    Path(FILE).write_text(STUDY, "utf-8")
    return load_study(FILE)


def files() -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in Path(layout.RECORDS).iterdir()}


def test_every_record_comes_back_as_it_was(study: Study) -> None:
    keep(walk(study))
    for record in walk(study):
        read = kept(record.name)
        assert type(read) is type(record)
        assert read == record
        assert is_kept(layout.record(record.name))
    assert not is_kept(FILE)
    assert load_study(layout.record(study.name)) == study


def test_what_is_there_is_left_alone_and_an_edited_study_is_another(study: Study) -> None:
    keep(walk(study))
    first = files()
    keep(walk(load_study(FILE)))
    keep(walk(load_study(Path(FILE).absolute())))  # by whichever path it was given
    assert files() == first
    Path(FILE).write_text(STUDY.replace("rank: [1, 4]", "rank: [1, 2]"), "utf-8")
    keep(walk(load_study(FILE)))
    assert files().items() > first.items()


def test_a_name_that_is_none_is_not_kept(study: Study) -> None:
    keep(walk(study))
    outside = Path("results/outside.json")
    outside.write_bytes(Path(layout.record(study.name)).read_bytes())
    for name in ("lora-r4@0", "code", "../outside", f"../.records/{study.name}", ""):
        assert kept(name) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"verb": "train"}',
        '{"verb": "dance", "record": {}}',
        '{"verb": "train", "record": {"since": "removed"}}',
    ],
)
def test_a_record_of_another_version_is_refused(study: Study, content: str) -> None:
    keep(walk(study))
    path = Path(layout.record(study.runs[0].name))
    path.write_text(content, "utf-8")
    with pytest.raises(StudyError, match=r"another version of rankscope.*start snakemake again"):
        read_record(path)


def test_a_record_that_says_something_else_than_its_name_is_refused(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(walk(study))
    first, second = study.runs[:2]
    Path(layout.record(first.name)).write_bytes(Path(layout.record(second.name)).read_bytes())
    with pytest.raises(StudyError, match=rf"{first.name}.*another version of rankscope"):
        kept(first.name)
    monkeypatch.setattr(Run, "version", 99)
    with pytest.raises(StudyError, match=rf"{second.name}.*another version of rankscope"):
        kept(second.name)


def test_what_is_no_study_is_not_read_as_one(study: Study) -> None:
    keep(walk(study))
    with pytest.raises(StudyError, match=r"this is the record of .* and not of a study"):
        load_study(layout.record(study.base.name))
    with pytest.raises(StudyError, match=r"cannot be read .*; start snakemake again"):
        load_study(layout.record("tiny-00000000"))


def test_a_folder_that_cannot_be_written_is_said(study: Study) -> None:
    Path("results").write_text("a file in its place", "utf-8")
    with pytest.raises(ArtefactError, match=r"results/\.records.* cannot be written"):
        keep(walk(study))
