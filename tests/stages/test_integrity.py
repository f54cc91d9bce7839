"""What a stage wrote and is not as it was written is noticed by whoever reads it, and by `verify`.

Every kind of artefact × a flipped bit, a cut, another artefact in its place, a deletion.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from artefacts_of import decomposed
from finished_study import KINDS, PREDICT, SPECTRA, TABLES, TRAIN, rankscope, run_to_its_end
from rankscope.artefacts import layout
from rankscope.artefacts.layout import place_of
from rankscope.artefacts.reading import read_manifest, verified
from rankscope.cli import app
from rankscope.errors import ArtefactError
from rankscope.records.runs import Run
from rankscope.records.study import Study
from tiny_study import TinyBase


@pytest.fixture(scope="module")
def study(tiny_base: TinyBase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """The tiny study run to its end, in the working folder; a test leaves it as it was."""
    folder = tmp_path_factory.mktemp("integrity")
    tiny_base.copy_to(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run_to_its_end(tiny_base.study, run_of(tiny_base.study))
        yield tiny_base.study


def run_of(study: Study) -> Run:
    return next(run for run in study.runs if run.method.slug == "lora-r1")


def file_of(study: Study, kind: str) -> Path:
    return Path(KINDS[kind].file(study, run_of(study)))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def replace_by_another(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flip": flip,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-7]),
    "empty": lambda path: path.write_bytes(b""),
    "another": replace_by_another,
    "delete": lambda path: path.unlink(),
}


@pytest.fixture
def damaged() -> Iterator[Callable[[Path, str], None]]:
    """Damage a file for the length of the test."""
    kept: dict[Path, bytes] = {}

    def damage(path: Path, how: str) -> None:
        kept[path] = path.read_bytes()
        DAMAGES[how](path)

    yield damage
    for path, content in kept.items():
        path.write_bytes(content)


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_reader_notices_and_says_what_to_do(
    study: Study, damaged: Callable[[Path, str], None], kind: str, how: str
) -> None:
    path = file_of(study, kind)
    before = {each: each.read_bytes() for each in Path("results").rglob("*.json")}
    damaged(path, how)
    for reader in KINDS[kind].readers:
        with pytest.raises(ArtefactError) as told:
            rankscope(*reader)
        assert path.as_posix() in str(told.value), reader
        place = place_of(path.as_posix())
        assert place is not None
        if how != "delete":
            assert place.command in str(told.value)
            assert place.manifest in str(told.value)
    # nothing that was finished was touched by the failed attempts
    if path.suffix != ".json":
        assert {each: each.read_bytes() for each in before} == before


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_verify_names_the_file(
    study: Study, damaged: Callable[[Path, str], None], kind: str, how: str
) -> None:
    path = file_of(study, kind)
    damaged(path, how)
    outcome = CliRunner().invoke(app, ["verify", str(path.parent)])
    assert outcome.exit_code == 1
    assert ("incomplete" if how == "delete" else "differs") in outcome.output
    assert path.as_posix() in outcome.output


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_no_single_bit_passes(study: Study, kind: str, data: st.DataObject, tmp_path: Path) -> None:
    path = file_of(study, kind)
    verified(path)
    whole = path.read_bytes()
    content = bytearray(whole)
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    try:
        with pytest.raises(ArtefactError, match="differs from what was written"):
            verified(path)
    finally:
        path.write_bytes(whole)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_single_bit_of_a_manifest_passes(study: Study, data: st.DataObject) -> None:
    path = Path(layout.run_manifest(run_of(study).name))
    whole = path.read_bytes()
    content = bytearray(whole)
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    try:
        with pytest.raises(ArtefactError, match="no complete manifest"):
            read_manifest(path)
    finally:
        path.write_bytes(whole)


@pytest.fixture
def copy(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A copy of the finished study to change at will, in the working folder."""
    shutil.copytree(Path.cwd(), tmp_path / "copy", symlinks=True)
    monkeypatch.chdir(tmp_path / "copy")
    return study


def another_run(study: Study) -> Run:
    """Train one more run, with the same kept steps."""
    run = next(run for run in study.runs if run.method.slug == "lora-r4")
    rankscope("train", run.name)
    return run


@pytest.mark.parametrize("what", ["steps", "run.json", "everything"])
def test_another_run_under_the_name_is_noticed(copy: Study, what: str) -> None:
    mine, other = (Path(layout.run_folder(run.name)) for run in (run_of(copy), another_run(copy)))
    if what == "everything":
        shutil.rmtree(mine)
        shutil.copytree(other, mine)
    elif what == "steps":
        shutil.rmtree(mine / "steps")
        shutil.copytree(other / "steps", mine / "steps")
    else:
        shutil.copy(other / "run.json", mine / "run.json")
    for reader in (PREDICT, SPECTRA, TABLES) if what != "steps" else (PREDICT, SPECTRA):
        with pytest.raises(ArtefactError, match=run_of(copy).name):
            rankscope(*reader)
    outcome = CliRunner().invoke(app, ["verify"])
    assert outcome.exit_code == 1
    assert mine.as_posix() in outcome.output


def test_a_deleted_and_an_added_step_are_noticed(copy: Study) -> None:
    steps = Path(layout.kept_weights(run_of(copy).name))
    first, second = sorted(steps.iterdir())
    first.rename(steps.parent / "aside")
    for reader in (PREDICT, SPECTRA):
        with pytest.raises(ArtefactError, match=rf"{first.name}/.*is missing.*--again"):
            rankscope(*reader)
    (steps.parent / "aside").rename(first)
    shutil.copytree(second, steps / "step-000006")
    for reader in (PREDICT, SPECTRA):
        with pytest.raises(ArtefactError, match=r"step-000006/.*not among what was written"):
            rankscope(*reader)


def test_the_command_that_a_message_names_mends_it(copy: Study) -> None:
    path = file_of(copy, "weights")
    intact = path.read_bytes()
    flip(path)
    with pytest.raises(ArtefactError):
        rankscope("train", "lora-r1@0")
    assert path.read_bytes() != intact, "a damaged run is not repeated unasked"
    rankscope(*TRAIN)
    assert path.read_bytes() == intact
    rankscope(*PREDICT)

    path = file_of(copy, "base spectra")
    intact, others = path.read_bytes(), {
        each: each.stat().st_ino for each in path.parent.iterdir() if each.suffix != ".json"
    }  # fmt: skip
    flip(path)
    rankscope("spectra", "base")
    assert path.read_bytes() == intact
    kept = {each for each, inode in others.items() if each.stat().st_ino == inode}
    assert kept == set(others) - {path}, "what is intact is not decomposed again"


def test_results_that_are_as_they_were_written(study: Study) -> None:
    assert "all as they were written" in rankscope("verify")
    assert "all as they were written" in rankscope("verify", str(Path.cwd()))
    folder = layout.run_folder(run_of(study).name)
    assert "1 artefacts" in rankscope("verify", folder)
    assert "1 artefacts" in rankscope("verify", f"{folder}/run.json")


def test_what_snakemake_leaves_in_folders_is_no_part_of_them(copy: Study) -> None:
    folders = [
        layout.kept_weights(run_of(copy).name), layout.base_model(copy.base.name),
        layout.decomposition(decomposed(copy).name), layout.report_tables(copy.study),
    ]  # fmt: skip
    for folder in folders:
        (Path(folder) / ".snakemake_timestamp").touch()
        verified(Path(folder))
    assert "all as they were written" in rankscope("verify")


def test_what_verify_lists(copy: Study) -> None:
    Path(layout.loss_curve("full-00000000")).parent.mkdir(parents=True)
    Path(layout.loss_curve("full-00000000")).write_bytes(b"unfinished")
    Path("results/notes.txt").write_text("mine")
    rows = file_of(copy, "rows")
    (rows.parent / "extra.csv").write_text("a")
    Path("results/.resume/full-00000000/checkpoint-3").mkdir(parents=True)
    # scores that were made from other predictions than lie there
    predictions = file_of(copy, "predictions")
    manifest = predictions.with_suffix(".json")
    from sealing import seal

    flip(predictions)
    seal(predictions.parent)
    outcome = CliRunner().invoke(app, ["verify"])
    assert outcome.exit_code == 1
    lines = outcome.output.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == [
        "foreign", "foreign", "incomplete", "outdated", "unfinished",
    ], outcome.output  # fmt: skip
    for line, named in zip(
        lines[:-1],
        (rows.parent / "extra.csv", "results/notes.txt", "full-00000000/run.json",
         file_of(copy, "scores").with_suffix(".json"), "results/.resume/full-00000000"),
        strict=True,
    ):  # fmt: skip
        assert str(named) in line
    assert manifest.exists()


def test_verify_needs_something_to_look_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(app, ["verify"])
    assert isinstance(outcome.exception, ArtefactError)
    assert "results: there is nothing" in str(outcome.exception)


def test_results_are_known_from_inside(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(study).name
    for folder, paths in (("results", ["."]), ("results/train", ["."]), ("results/train", [run])):
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            assert "all as they were written" in rankscope("verify", *paths)


@pytest.mark.parametrize("path", ["mine.yaml", "notes", "notes/a.txt", "."])
def test_what_is_no_part_of_results_is_not_said_to_be_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes").mkdir()
    Path("mine.yaml").write_text("study: mine")
    Path("notes/a.txt").write_text("mine")
    outcome = CliRunner().invoke(app, ["verify", path])
    assert isinstance(outcome.exception, ArtefactError)
    assert "this is no folder `results`" in str(outcome.exception)
    assert "foreign" not in outcome.output


def test_a_finished_run_is_left_alone(study: Study) -> None:
    folder = Path(layout.run_folder(run_of(study).name))
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.rglob("*")}
    said = rankscope("train", "lora-r1@0")
    assert "trained already" in said
    assert "--again" in said
    said = rankscope("base", "model")
    assert "made already" in said
    after = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in folder.rglob("*")}
    assert after == before


def test_an_adapter_names_its_base_and_sorts_its_modules(study: Study) -> None:
    for config in Path(layout.kept_weights(run_of(study).name)).rglob("adapter_config.json"):
        content = json.loads(config.read_text("utf-8"))
        assert content["base_model_name_or_path"] == layout.base_model(study.base.name)
        assert content["target_modules"] == sorted(content["target_modules"])


def test_all_results_have_the_permissions_of_the_umask(study: Study) -> None:
    mask = os.umask(0)
    os.umask(mask)
    modes = {path: path.stat().st_mode & 0o777 for path in Path("results").rglob("*")}
    assert {path for path in modes if path.is_file() and modes[path] != 0o666 & ~mask} == set()
