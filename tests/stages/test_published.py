"""Versions that others published, beside a trained run, through every verb to the page."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from artefacts_of import scores_of
from evaluated import read_scores
from finished_study import PACK, REPORT, rankscope
from rankscope.artefacts import layout
from rankscope.artefacts.reading import versions_of
from rankscope.check.check import checked
from rankscope.errors import ArtefactError, StudyError
from rankscope.records.keys import PUBLISHED
from rankscope.records.study import Study
from rankscope.studies.expand import load_study
from tiny_study import FILE, STUDY, TinyBase

LABELS = {"their-lora": "lora-r1@0", "their-model": "full@0"}
VERSIONS = """
versions:
  their-lora: {source: local, path: theirs/lora-r1@0}
  their-model: {source: local, path: theirs/full@0}
evaluate:"""
WITH_VERSIONS = STUDY.replace("rank: [1, 4]", "rank: 1").replace("\nevaluate:", VERSIONS)


@pytest.fixture(scope="module")
def finished(tiny_base: TinyBase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two runs whose last steps lie in `theirs` too, run to its end by the verbs."""
    folder = tmp_path_factory.mktemp("published")
    tiny_base.copy_to(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        study = load_study(FILE)
        rankscope(*PACK)
        for label in LABELS.values():
            rankscope("train", label)
            (run,) = (each for each in study.runs if f"{each.method.slug}@0" == label)
            step = Path(layout.kept_weights(run.name)) / layout.step_folder(8)
            shutil.copytree(step, Path("theirs") / label)
        Path(FILE).write_text(WITH_VERSIONS, "utf-8")
        checked(FILE)
        for label in LABELS:
            rankscope("base", "version", label)
        rankscope("spectra", "base")
        for label in ("base", *LABELS, *LABELS.values()):
            rankscope("evaluate", "predict", label)
            rankscope("evaluate", "score", label)
            if label != "base":
                rankscope("spectra", "run", label)
        for verb in REPORT:
            rankscope(*verb)
    return folder


@pytest.fixture
def study(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(finished)
    return load_study(FILE)


@pytest.mark.parametrize(("label", "trained"), LABELS.items())
def test_a_version_scores_as_the_run_of_the_same_weights(
    study: Study, label: str, trained: str
) -> None:
    (version,) = (each for each in study.versions if each.label == label)
    (run,) = (each for each in study.runs if f"{each.method.slug}@0" == trained)
    columns = ["evaluation", "metric", "item", "score", "weight"]
    of_run = read_scores(scores_of(study, run.name)).filter(step=8)
    theirs = read_scores(scores_of(study, version.name))
    assert theirs.select(columns).equals(of_run.select(columns))
    assert theirs["family"].unique().to_list() == [PUBLISHED]
    assert theirs["method"].unique().to_list() == [label]
    assert theirs.height > 0


@pytest.mark.parametrize(("label", "trained"), LABELS.items())
def test_so_do_its_spectra(study: Study, label: str, trained: str) -> None:
    tables = Path(layout.report_tables("tiny"))
    for name in ("matrices", "intruders", "vectors", "similarity"):
        rows = pl.read_parquet(tables / f"{name}.parquet")
        columns = rows.columns[rows.columns.index("step") + 1 :]
        theirs = rows.filter(method=label).select(columns)
        (run,) = (each for each in study.runs if f"{each.method.slug}@0" == trained)
        assert theirs.equals(rows.filter(run=run.name, step=8).select(columns))
        assert theirs.height > 0


def test_the_tables_have_a_row_of_each_without_what_only_training_has(finished: Path) -> None:
    tables = finished / layout.report_tables("tiny")
    runs = pl.read_parquet(tables / "runs.parquet").filter(family=PUBLISHED)
    assert runs["condition"].to_list() == list(LABELS)
    assert set(runs["status"]) == {"done"}
    for column in ("seed", "rank", "learning_rate", "trained_on", "data"):
        assert runs[column].null_count() == len(LABELS)
    summary = pl.read_parquet(tables / "summary.parquet").filter(family=PUBLISHED)
    assert summary["condition"].unique().sort().to_list() == sorted(LABELS)
    measured = summary.filter(pl.col("evaluation").is_in(["code", "english"]))
    assert measured.select((pl.col("low") < pl.col("high")).all()).item(), "items are drawn"


def test_no_claim_and_no_count_of_runs_is_about_them(finished: Path) -> None:
    claims = pl.read_parquet(finished / layout.report_claims("tiny"))
    text = claims.write_json()
    assert not any(label in text for label in (*LABELS, PUBLISHED))
    page = (finished / layout.report_page("tiny")).read_text("utf-8")
    assert "2 of 2 runs finished" in page


def test_the_page_shows_them_under_their_labels_in_a_colour(finished: Path) -> None:
    page = (finished / layout.report_page("tiny")).read_text("utf-8")
    assert "--published:" in page
    figure = finished / layout.report_chapter("tiny", "tradeoff") / "figures" / "plane.json"
    spec = figure.read_text("utf-8")
    for label in LABELS:
        assert page.count(label) > 2
        assert label in spec
    assert "var(--published)" in spec


def test_a_changed_file_is_another_version_and_is_not_read_as_the_old_one(
    study: Study, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished, tmp_path, symlinks=True, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    config = Path("theirs/lora-r1@0/adapter_config.json")
    content = json.loads(config.read_text("utf-8"))
    config.write_text(json.dumps(content | {"lora_alpha": 3}), "utf-8")
    changed = load_study(FILE)
    assert changed.versions[0].name != study.versions[0].name
    assert changed.versions[1].name == study.versions[1].name
    with pytest.raises(ArtefactError, match="differs from what was written"):
        versions_of("base version", study.versions[0].name)
    with pytest.raises(ArtefactError, match="make it with `rankscope base version"):
        rankscope("evaluate", "predict", "their-lora")


def test_an_adapter_of_another_base_is_refused_with_its_place(study: Study, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    other = tmp_path / "other"
    shutil.copytree("theirs/lora-r1@0", other)
    weights = other / "adapter_model.safetensors"
    wider = {name: each.repeat(2, axis=1) for name, each in load_file(weights).items()}
    save_file(wider, weights)
    text = WITH_VERSIONS.replace("theirs/lora-r1@0", other.as_posix())
    file = tmp_path / "tiny.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(StudyError) as refused:
        checked(file.as_posix())
    line = text[: text.index("their-lora")].count("\n") + 1
    assert f"tiny.yaml:{line}: versions.their-lora.path: " in str(refused.value)
    assert "cannot be used" in str(refused.value)
