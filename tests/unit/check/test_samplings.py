"""Mixtures without a sampling seed: unfolded per seed of the runs, with the test sets that fit."""

import copy
from pathlib import Path

import pytest
import yaml

from instruction_study import STUDY
from rankscope.check.check import checked, notes
from rankscope.errors import StudyError
from rankscope.records.instructions import Mixture
from rankscope.records.study import Study
from rankscope.records.variant import Data
from rankscope.report.evidence.methods import condition_labels
from rankscope.studies.expand import load_study
from rankscope.studies.find import Studies
from tiny_llama import save_base


def written(folder: Path, **changes) -> Path:
    path = folder / "instructions.yaml"
    path.write_text(yaml.safe_dump(copy.deepcopy(STUDY) | changes), "utf-8")
    return path


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return load_study(written(tmp_path))


def test_a_run_of_each_method_mixture_and_sampling(study: Study):
    assert len(study.runs) == 2 * 2 * 2
    for run in study.runs:
        assert isinstance(run.data, Mixture)
        assert run.data.sampling_seed == run.seed == run.sampling_seed
    assert len({run.data.name for run in study.runs}) == 4
    assert sorted(study.data) == [
        "T12-s0", "T12-s1", "T6-s0", "T6-s1", "seen-s0", "seen-s1", "tasks", "unseen",
    ]  # fmt: skip


def test_a_run_is_measured_on_the_test_set_of_its_own_sampling(study: Study):
    for run in study.runs:
        measured = {
            evaluation.name: evaluation.data
            for answers in study.answers
            for evaluation in answers.suite.evaluations
            if run in answers.subjects
        }
        assert measured == {
            "seen": run.data.test_set("intra"),
            "unseen": run.data.test_set("inter"),
        }


def test_a_run_is_loaded_once_for_all_that_is_measured_on_it(study: Study):
    asked = [subject.name for answers in study.answers for subject in answers.subjects]
    measured = [name for name in asked if name != study.base.name]
    assert sorted(measured) == sorted(run.name for run in study.runs)


def test_the_base_meets_every_test_set(study: Study):
    met = {
        evaluation.data.name
        for answers in study.answers
        for evaluation in answers.suite.evaluations
        if study.base in answers.subjects
    }
    assert met == {study.data[label].name for label in ("seen-s0", "seen-s1", "unseen")}


def test_another_sampling_leaves_the_names_of_the_first(tmp_path: Path, study: Study):
    more = load_study(written(tmp_path, seeds=[0, 1, 2]))
    assert {run.name for run in study.runs} < {run.name for run in more.runs}
    assert {suite.name for suite in study.suites} < {suite.name for suite in more.suites}


def test_what_a_mixture_is_made_of_is_found_by_name(tmp_path: Path):
    inline = copy.deepcopy(STUDY["data"])
    for spec in inline.values():
        if "tasks" in spec:
            spec["tasks"] = inline["tasks"]
    del inline["tasks"]
    study = load_study(written(tmp_path, data=inline))
    collection = study.runs[0].data.tasks
    assert Studies(study.path).find(Data, collection.name) == collection


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tasks_tested": 5}, r'"seen" is not the test set that "T6-s0".*tasks_tested: 6'),
        ({"examples_per_task": 4}, r"should have examples_per_task: 3"),
    ],
)
def test_a_test_set_that_was_trained_on_is_refused(tmp_path, monkeypatch, change, message):
    monkeypatch.chdir(tmp_path)
    save_base(Path("base"), context=512)
    data = copy.deepcopy(STUDY["data"])
    checked(written(tmp_path, data=data))
    data["seen"] |= change
    with pytest.raises(StudyError, match=message):
        checked(written(tmp_path, data=data))


def test_prompts_and_answers_have_to_fit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_base(Path("base"), context=416)
    with pytest.raises(StudyError, match="440 is above") as error:
        checked(written(tmp_path))
    assert "prompt_tokens" not in str(error.value), "412 tokens fit into 416"
    save_base(Path("base"), context=400)
    with pytest.raises(StudyError, match=r"above the base's context of 400; allowed: at most 388"):
        checked(written(tmp_path))
    short = STUDY["recipe"] | {"sequence_length": 40}
    with pytest.raises(StudyError, match="leave no room for prompts"):
        checked(written(tmp_path, recipe=short))


def test_documents_are_not_laid_out_like_examples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_base(Path("base"), context=512)
    data = STUDY["data"] | {"code": {"source": "standard-library", "content": "code"}}
    for key, value in (("packing", "padded"), ("prompt_loss", True)):
        recipe = STUDY["recipe"] | {key: value}
        with pytest.raises(StudyError, match=f"`{key}` is for mixtures: remove it"):
            checked(written(tmp_path, data=data, train_on="code", recipe=recipe))
        checked(written(tmp_path, data=data, recipe=recipe))


def test_only_unused_variants_are_noted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_base(Path("base"), context=512)
    noted = notes(checked(written(tmp_path, train_on="T6")))
    assert [note.split(": ")[1] for note in noted] == ["data.T12-s0", "data.T12-s1"]


def test_the_samplings_of_a_mixture_are_one_condition_of_the_report(study: Study):
    labels = condition_labels(study.runs)
    assert sorted(set(labels.values())) == [
        "Full, data T12", "Full, data T6", "LoRA r=2, data T12", "LoRA r=2, data T6",
    ]  # fmt: skip
    assert all(labels[run.name].endswith(run.data.series) for run in study.runs)
