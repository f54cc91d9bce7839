"""What `verify` finds in a folder of results: faults, and what is none."""

from pathlib import Path

import pytest

from rankscope.artefacts import layout
from rankscope.artefacts.verify import Finding, check, inventory
from rankscope.errors import ArtefactError
from sealing import seal

RUN, DATA = "full-1a2b3c4d", "code-1a2b3c4d"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data variant and a run, sealed."""
    monkeypatch.chdir(tmp_path)
    for path in (layout.data_rows(DATA), layout.loss_curve(RUN)):
        Path(path).parent.mkdir(parents=True)
        Path(path).write_bytes(path.encode())
    seal()
    return tmp_path / "results"


def found(path: Path | str = "results") -> list[tuple[str, str]]:
    return [(each.kind, each.message) for each in check(inventory([Path(path)]))]


def test_what_is_as_it_was_written_has_no_findings(results: Path) -> None:
    inside = inventory([Path("results")])
    assert {artefact.place.name for artefact in inside.artefacts} == {RUN, DATA}
    assert list(check(inside)) == []


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (lambda: Path(layout.loss_curve(RUN)).write_bytes(b"x"), "differs", "differs from what"),
        (lambda: Path(layout.loss_curve(RUN)).unlink(), "incomplete", "is missing"),
        (lambda: Path(layout.run_manifest(RUN)).unlink(), "incomplete", "run.json"),
        (lambda: Path("results/train", RUN, "more").write_text(""), "foreign", "is no part"),
        (lambda: Path("results/notes.txt").write_text(""), "foreign", "writes no such file"),
        (lambda: Path("results/.resume/x").mkdir(parents=True), "unfinished", "interrupted job"),
        (
            lambda: Path("results/train", RUN, ".a.node-1.partial").write_text(""),
            "unfinished",
            "left by a job",
        ),
    ],
)
def test_each_kind_of_finding_is_named_once(results: Path, change, kind: str, said: str) -> None:
    change()
    ((got, message),) = found()
    assert got == kind
    assert said in message


def test_what_rankscope_remembers_is_no_finding(results: Path) -> None:
    for path in (layout.record("s"), layout.remembered_hashes("h")):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text("{}")
    assert found() == []


def test_interrupted_work_is_no_fault() -> None:
    assert not Finding("unfinished", "x").is_fault
    assert all(
        Finding(kind, "x").is_fault for kind in ("differs", "incomplete", "outdated", "foreign")
    )


def test_a_part_stands_for_its_artefact_and_results_are_found_from_around(results: Path) -> None:
    Path(layout.loss_curve(RUN)).write_bytes(b"x")
    whole = found()
    assert [kind for kind, _ in found(layout.run_manifest(RUN))] == ["differs"]
    assert found(".") == whole
    assert found(layout.data_rows(DATA)) == []


def test_what_has_nothing_to_do_with_results_is_refused(tmp_path: Path, results: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(ArtefactError, match="holds none and lies in none"):
        inventory([Path("mine")])
    with pytest.raises(ArtefactError, match="nothing of that name"):
        inventory([Path("absent")])
