"""What the rules look up, and how stages' names and edited sources reach Snakemake."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from rankscope.artefacts import layout
from rankscope.errors import RankscopeError
from rankscope.records.record import Artefact
from rankscope.studies.find import Studies
from rankscope.workflow.lookups import (
    ASKING_MINUTES,
    STAGE_RULES,
    Lookups,
    accept_stage_names,
    rules_of_stages,
    scaled,
)
from tiny_study import FILE, STUDY, write_tiny_documents


@pytest.fixture
def lookups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lookups:
    monkeypatch.chdir(tmp_path)
    write_tiny_documents(tmp_path)
    Path(FILE).write_text(STUDY, "utf-8")
    return Lookups(Studies(FILE))


def test_a_stage_stands_for_its_rules_and_other_names_for_themselves() -> None:
    assert rules_of_stages(["evaluate", "train_run", "results/x.parquet"]) == {
        "evaluate_predict",
        "evaluate_score",
        "train_run",
        "results/x.parquet",
    }


def test_stage_names_are_translated_when_snakemake_sets_them() -> None:
    @dataclass(frozen=True)
    class Settings:
        targets: frozenset[str] = frozenset()
        forcerun: frozenset[str] = frozenset()
        until: frozenset[str] = frozenset()
        omit_from: frozenset[str] = frozenset()
        target_jobs: frozenset[str] = frozenset()

    @dataclass
    class Workflow:
        dag_settings: Settings | None = field(default=None)
        rules: tuple[SimpleNamespace, ...] = tuple(SimpleNamespace(name=n) for n in STAGE_RULES)

    class Lossy:
        def incomplete(self, targets: frozenset[str]) -> frozenset[str]:
            return frozenset({"results/train/lora-r1-1a2b3c4d/run.json"})

        def ends(self, name: str) -> list[str]:
            return [f"last of {name}"]

    workflow = Workflow()
    accept_stage_names(workflow, Lossy())
    workflow.dag_settings = Settings(forcerun=frozenset({"base"}), until=frozenset({"report"}))
    assert workflow.dag_settings.forcerun == {
        "base_model", "base_version", "results/train/lora-r1-1a2b3c4d/run.json",
    }  # fmt: skip
    assert workflow.dag_settings.until == {"last of report"}
    with pytest.raises(SystemExit, match="'trian' is no target; did you mean train"):
        workflow.dag_settings = Settings(targets=frozenset({"trian"}))
    workflow.dag_settings = Settings(target_jobs=frozenset({"train_run:run=lora-r4-1a2b3c4d"}))
    assert workflow.dag_settings.forcerun == frozenset()


def test_resources_grow_with_every_attempt() -> None:
    assert [scaled(500)(None, attempt) for attempt in (1, 2, 3)] == [500, 1000, 1500]


def of(record: Artefact) -> SimpleNamespace:
    return SimpleNamespace(name=record.name)


def test_a_job_needs_all_files_of_what_its_record_is_made_from(lookups: Lookups) -> None:
    study = lookups.studies.current
    run = study.runs[1]
    base = [layout.base_model(run.base.name), layout.base_manifest(run.base.name)]
    packed = layout.packed(run.packed.name)
    assert lookups.sources(of(run)) == [packed, packed.replace(".parquet", ".json"), *base]
    rows = [layout.data_rows(run.data.name), layout.data_manifest(run.data.name)]
    root = run.base.root
    tokenizer = [layout.base_model(root.name), layout.base_manifest(root.name)]
    assert lookups.sources(of(run.packed)) == [*rows, *tokenizer]
    assert lookups.sources(of(study.data["code"])) == []
    documents = study.data["english"]
    assert lookups.sources(of(study.data["continuations"])) == [
        layout.data_rows(documents.name), layout.data_manifest(documents.name),
    ]  # fmt: skip


def test_answers_need_the_weights_of_their_runs_and_of_the_base_none_but_its_own(
    lookups: Lookups,
) -> None:
    study = lookups.studies.current
    of_base, of_runs = (set(lookups.sources(of(answers))) for answers in study.answers)
    made = (layout.kept_weights, layout.loss_curve, layout.run_manifest)
    assert of_runs - of_base == {file(run.name) for run in study.runs for file in made}
    assert of_base < of_runs
    assert layout.base_model(study.base.name) in of_base


def test_every_run_and_the_base_are_scored(lookups: Lookups) -> None:
    # the base, and the three runs together
    assert sum(path.endswith(".json") for path in lookups.stage("evaluate")) == 2 * 2
    assert sum(path.endswith("run.json") for path in lookups.stage("train")) == 1 + 3
    assert len(lookups.stage("spectra")) == 1 + 3


def test_what_all_runs_wait_for_takes_two_cores(lookups: Lookups) -> None:
    study = lookups.studies.current
    assert lookups.threads(of(study.base.run)) == 2
    assert {lookups.threads(of(run)) for run in study.runs} == {1}


def test_the_cores_of_a_run_are_the_same_whatever_study_is_at_hand(
    lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = lookups.studies.current.runs
    other = lookups.studies.current.replaced(study="other", runs=runs[:1])
    found = {run.name: run for run in (*runs, runs[0].base.run)}
    monkeypatch.setattr(type(lookups.studies), "current", other)
    monkeypatch.setattr(lookups.studies, "artefact", found.get)
    assert {lookups.threads(of(run)) for run in runs} == {1}
    assert lookups.threads(of(runs[0].base.run)) == 2


def test_a_job_has_time_for_each_run_that_it_asks(lookups: Lookups) -> None:
    of_base, of_runs = lookups.studies.current.answers
    minutes = [lookups.asking_minutes(of(each), attempt=2) for each in (of_base, of_runs)]
    assert minutes == [2 * ASKING_MINUTES, 2 * ASKING_MINUTES * 3]


def test_everything_is_asked_for_so_that_what_is_deleted_comes_back(lookups: Lookups) -> None:
    everything = lookups.everything(None)
    assert len(everything) == len(set(everything))
    assert set(lookups.rows_of_study(SimpleNamespace(study="tiny"))) <= set(everything)


def test_an_unknown_stage_is_refused(lookups: Lookups) -> None:
    with pytest.raises(RankscopeError, match="'analyse' is no stage; stages: data, base"):
        lookups.stage("analyse")


def test_the_ends_of_a_stage_are_what_nothing_else_of_it_is_made_from(lookups: Lookups) -> None:
    study = lookups.studies.current
    manifests = [layout.run_manifest(run.name) for run in study.runs]
    ends = lookups.ends("train")
    assert [path for path in ends if path.endswith("run.json")] == manifests
    # and not that from whose weights the base is made
    assert set(ends) < set(lookups.stage("train"))
    packed = {layout.packed(run.packed.name) for run in study.runs}
    of_data = set(lookups.ends("data"))
    assert packed < of_data
    assert layout.data_rows(study.data["code"].name) not in of_data
    assert lookups.ends("report") == [layout.report_page("tiny")]
    assert lookups.ends("train_run") == ["train_run"]
