"""What the rules look up, and how stages' names and edited sources reach Snakemake."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from rankscope.artefacts import layout
from rankscope.errors import RankscopeError
from rankscope.studies.store import Studies
from rankscope.workflow.lookups import (
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

    workflow = Workflow()
    accept_stage_names(workflow, Lossy())
    workflow.dag_settings = Settings(forcerun=frozenset({"base"}), until=frozenset({"report"}))
    assert workflow.dag_settings.forcerun == {
        "base_model", "results/train/lora-r1-1a2b3c4d/run.json",
    }  # fmt: skip
    assert workflow.dag_settings.until == set(STAGE_RULES["report"])
    with pytest.raises(SystemExit, match="'trian' is no target; did you mean train"):
        workflow.dag_settings = Settings(targets=frozenset({"trian"}))
    workflow.dag_settings = Settings(target_jobs=frozenset({"train_run:run=lora-r4-1a2b3c4d"}))
    assert workflow.dag_settings.forcerun == frozenset()


def test_resources_grow_with_every_attempt() -> None:
    assert [scaled(500)(None, attempt) for attempt in (1, 2, 3)] == [500, 1000, 1500]


def test_a_base_is_evaluated_without_weights_of_a_run(lookups: Lookups) -> None:
    base = lookups.studies.current.base.name
    assert lookups.weights(SimpleNamespace(run=base)) == []
    assert lookups.base_of_run(SimpleNamespace(run=base)) == layout.base_manifest(base)


def test_a_run_depends_on_its_own_sequences_and_base(lookups: Lookups) -> None:
    run = lookups.studies.current.runs[1]
    wildcards = SimpleNamespace(run=run.name)
    assert lookups.packed(wildcards) == layout.packed(run.data.name, run.base.name, 32)
    assert lookups.base_of_run(wildcards) == layout.base_manifest(run.base.name)
    assert lookups.weights(wildcards)[0] == layout.run_manifest(run.name)


def test_items_are_made_from_their_documents_and_documents_from_nothing(lookups: Lookups) -> None:
    data = lookups.studies.current.data
    assert lookups.documents(SimpleNamespace(data=data["continuations"].name)) == [
        layout.data_rows(data["english"].name)
    ]
    assert lookups.documents(SimpleNamespace(data=data["code"].name)) == []


def test_every_run_and_the_base_are_scored(lookups: Lookups) -> None:
    assert sum(path.endswith(".parquet") for path in lookups.stage("evaluate")) == 2 * 4
    assert sum(path.endswith("run.json") for path in lookups.stage("train")) == 3
    assert len(lookups.stage("spectra")) == 1 + 3


def test_everything_is_asked_for_so_that_what_is_deleted_comes_back(lookups: Lookups) -> None:
    everything = lookups.everything(None)
    assert len(everything) == len(set(everything))
    assert set(lookups.rows_of_study(SimpleNamespace(study="tiny"))) <= set(everything)


def test_an_unknown_stage_is_refused(lookups: Lookups) -> None:
    with pytest.raises(RankscopeError, match="'analyse' is no stage; stages: data, base"):
        lookups.stage("analyse")
