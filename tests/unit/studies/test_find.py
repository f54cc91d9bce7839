"""What a person or a job calls an artefact, and the record that is meant."""

from pathlib import Path

import pytest

from rankscope.errors import StudyError
from rankscope.records.bases import Base
from rankscope.records.measurements import Answers, Scores
from rankscope.records.packed import Packed
from rankscope.records.runs import Run
from rankscope.records.spectra import Decomposition, Spectra
from rankscope.records.variant import Data
from rankscope.studies.expand import load_study
from rankscope.studies.find import Studies
from rankscope.studies.graph import walk
from rankscope.studies.store import keep
from study_text import STUDY, edited


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two studies that differ in their ranks."""
    monkeypatch.chdir(tmp_path)
    studies = tmp_path / "workflow/studies"
    studies.mkdir(parents=True)
    (studies / "mine.yaml").write_text(STUDY, encoding="utf-8")
    other = edited(("study: mine", "study: other"), ("[1, 4, 16]", "[16, 32]"), ("[1, 10]", "[7]"))
    (studies / "other.yaml").write_text(other, encoding="utf-8")
    return studies


def test_a_run_is_found_in_the_study_asked_for_and_in_the_others(folder: Path) -> None:
    mine, other = load_study("mine"), load_study("other")
    studies = Studies("mine")
    assert all(studies.find(Run, run.name) == run for run in (*mine.runs, *other.runs))
    shared = {run.name for run in mine.runs} & {run.name for run in other.runs}
    assert len(shared) == 4, "full fine-tuning and rank 16 are the same runs in both studies"


def test_everything_with_a_name_is_found(folder: Path) -> None:
    other = load_study("other")
    studies = Studies("mine")
    kinds = (Data, Packed, Base, Run, Answers, Scores, Decomposition, Spectra)
    made = list(walk(*other.sources))
    assert {next(kind for kind in kinds if isinstance(each, kind)) for each in made} == {*kinds}
    for each in made:
        assert studies.artefact(each.name) == each
        assert studies.find(type(each), each.name) == each
    assert studies.named("other") == other


def test_labels_are_those_of_the_study_asked_for(folder: Path) -> None:
    studies = Studies("mine")
    study = studies.current
    run = next(run for run in study.runs if run.method.rank == 4 and run.seed == 1)
    assert studies.find(Data, "code") == study.data["code"]
    assert studies.find(Base, "base") == study.base
    assert studies.find(Run, "lora-r4@1") == run
    assert studies.find(Packed, "code") == run.packed
    assert studies.find(Decomposition, "base").base == study.base
    assert studies.find(Spectra, "lora-r4@1").subject == run
    assert studies.find(Answers, "base").subjects == (study.base,)
    assert studies.find(Scores, "lora-r4@1", "small").answers.subjects == (run,)


def test_what_is_made_of_a_run_or_a_base_may_be_called_by_its_name(folder: Path) -> None:
    run = load_study("other").runs[-1]
    studies = Studies("mine")
    assert studies.find(Answers, run.name).subjects == (run,)
    assert studies.find(Spectra, run.name).subject == run
    assert studies.find(Decomposition, run.base.name).base == run.base


def test_a_label_of_another_study_is_refused_and_an_artefact_s_name_is_not(folder: Path) -> None:
    (folder / "third.yaml").write_text(
        edited(
            ("study: mine", "study: third"),
            ("  items:", "  spare: {source: standard-library, content: code, seed: 7}\n  items:"),
            ("  small:", "  tiny:"),
        ),
        "utf-8",
    )
    third = load_study("third")
    studies = Studies("mine")
    with pytest.raises(StudyError) as refused:
        studies.find(Data, "spare")
    assert "the study mine (workflow/studies/mine.yaml) has no data variant 'spare'" in str(
        refused.value
    )
    assert "it has: code, english, items. `--study" in str(refused.value)
    with pytest.raises(StudyError, match="has no answers 'base --suite tiny'"):
        studies.find(Answers, "base", "tiny")
    assert studies.find(Data, third.data["spare"].name) == third.data["spare"]
    assert Studies("third").find(Answers, "base", "tiny").suite.label == "tiny"


def test_a_misspelled_label_is_answered_with_the_one_that_was_meant(folder: Path) -> None:
    with pytest.raises(StudyError, match="no data variant 'enlgish'; did you mean english"):
        Studies("mine").find(Data, "enlgish")


def test_labels_of_a_broken_study_are_answered_with_what_is_wrong_in_it(folder: Path) -> None:
    (folder / "mine.yaml").write_text("study: mine\n", "utf-8")
    with pytest.raises(StudyError, match=r"mine\.yaml has \d+ mistakes|this key is missing"):
        Studies("mine").find(Data, "code")


def test_a_study_is_named_in_the_repository_when_it_is_not_here(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    repository = folder.parents[1]
    expected = load_study("other").runs
    monkeypatch.chdir(elsewhere)
    studies = Studies("other", repository)
    assert studies.current.runs == expected
    assert studies.named("mine").study == "mine"
    with pytest.raises(StudyError, match="no such file"):
        Studies("other").current  # noqa: B018


def test_a_study_given_by_path_is_one_of_them(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        edited(("study: mine", "study: own"), ("[1, 4, 16]", "[64]")), encoding="utf-8"
    )
    studies = Studies("./own.yaml")
    assert studies.current.study == "own"
    assert studies.named("own") is studies.current
    rank_64 = studies.current.runs[-1].name
    assert studies.find(Run, rank_64).method.rank == 64
    with pytest.raises(StudyError):
        Studies("mine").find(Run, rank_64)


def test_a_broken_study_does_not_hinder_the_others(folder: Path) -> None:
    (folder / "broken.yaml").write_text("study: broken\n", encoding="utf-8")
    studies = Studies("mine")
    assert studies.find(Run, load_study("other").runs[-1].name).method.rank == 32
    with pytest.raises(StudyError, match=r"broken\.yaml:1: title: this key is missing"):
        studies.named("broken")


def test_an_unknown_name_is_answered_with_those_that_are_known(folder: Path) -> None:
    with pytest.raises(StudyError, match=r"has no run 'lora-r1-00000000'.*lora-r4@.*another name"):
        Studies("mine").find(Run, "lora-r1-00000000")
    with pytest.raises(StudyError, match="has no artefact 'lora-r1-00000000'"):
        Studies("mine").artefact("lora-r1-00000000")


def test_a_raised_version_renames_what_the_class_makes_and_nothing_before_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load_study("mine")
    monkeypatch.setattr(Run, "version", 99)
    after = load_study("mine")
    assert not {run.name for run in before.runs} & {run.name for run in after.runs}
    assert before.base.name == after.base.name
    assert before.suites[0].name == after.suites[0].name
    assert before.answers[0].name == after.answers[0].name  # of the base
    assert before.scores[-1].name != after.scores[-1].name


def test_jobs_of_a_running_workflow_find_what_an_edit_took_away(folder: Path) -> None:
    asked_for = load_study("mine")
    keep(walk(asked_for))
    (folder / "mine.yaml").write_text(edited(("[1, 4, 16]", "[64]")), encoding="utf-8")
    studies = Studies("mine")
    assert all(studies.find(type(each), each.name) == each for each in walk(*asked_for.sources))
    (folder / "mine.yaml").write_text("study: [half written", encoding="utf-8")
    assert Studies("mine").find(Run, asked_for.runs[-1].name) == asked_for.runs[-1]


def test_a_job_reads_its_record_and_no_study(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for = load_study("mine")
    keep(walk(asked_for))
    for name in ("load_study", "configured_study"):
        monkeypatch.setattr(f"rankscope.studies.find.{name}", pytest.fail)
    for each in walk(*asked_for.sources):
        assert Studies().artefact(each.name) == each
        assert Studies().find(type(each), each.name) == each


def test_a_run_may_be_called_by_method_and_seed_and_the_base_by_its_stage(folder: Path) -> None:
    studies = Studies("mine")
    with pytest.raises(StudyError, match=r"mine\.yaml\) has no run 'lora-r5@1'.*lora-r4@1"):
        studies.find(Run, "lora-r5@1")
    with pytest.raises(StudyError, match=r"'lora-r32@1'; did you mean lora-r"):
        studies.find(Run, "lora-r32@1")  # which the other study has
    with pytest.raises(StudyError, match="'lora-r4'; did you mean lora-r4@"):
        studies.find(Run, "lora-r4")
    with pytest.raises(StudyError, match="has no run 'base'"):
        studies.find(Run, "base")


def test_several_runs_of_one_method_and_seed_have_to_be_named(folder: Path) -> None:
    text = edited(("[1, 4, 16]", "[4]"))
    assert "learning_rate: 1.0e-3" in text
    (folder / "mine.yaml").write_text(
        text.replace("learning_rate: 1.0e-3", "learning_rate: [1.0e-3, 2.0e-3]"), encoding="utf-8"
    )
    with pytest.raises(StudyError, match=r"stands for \d+ of the kind 'run': name one, full-"):
        Studies("mine").find(Run, "full@0")


def test_without_a_study_labels_are_those_of_the_configured_one(folder: Path) -> None:
    with pytest.raises(StudyError, match=r"which study\? There is no config\.yaml"):
        Studies().find(Run, "full@0")
    Path("config.yaml").write_text("study: mine\n", "utf-8")
    assert Studies().find(Run, "full@0") in load_study("mine").runs
