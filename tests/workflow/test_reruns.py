"""What re-runs after which change, on real Snakemake runs of the tiny study."""

import shutil
from collections import Counter

import pytest

from laboratory import Lab

REPORT = Counter(report_tables=1, report_chapter=4, report_page=1)
ONE_RUN = Counter(train_run=1, evaluate_predict=1, evaluate_score=1, spectra_run=1)
GRID = [
    {"method": "full", "learning_rate": 3.0e-3},
    {"method": "lora", "rank": [1, 4], "alpha": "2r", "learning_rate": 1.0e-2},
]


def test_a_finished_study_has_nothing_to_do(lab: Lab) -> None:
    assert lab.planned() == Counter()
    assert "Nothing to be done" in lab.snakemake()


def test_a_new_rank_trains_one_run_and_touches_no_other(lab: Lab) -> None:
    before = {path: path.stat().st_mtime_ns for path in lab.folder.glob("results/train/*/run.json")}
    lab.edit_study(grid=[GRID[0], {**GRID[1], "rank": [1, 4, 8]}])
    assert lab.planned() == ONE_RUN + REPORT
    lab.snakemake()
    assert len(list(lab.folder.glob("results/train/lora-r8-*/run.json"))) == 1
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert "LoRA r=8" in (lab.folder / "reports/tiny/index.html").read_text("utf-8")


def test_another_learning_rate_is_another_run_and_changing_back_is_free(lab: Lab) -> None:
    original = lab.study_file.read_text("utf-8")
    lab.edit_study(grid=[{**GRID[0], "learning_rate": 1.0e-3}, GRID[1]])
    assert lab.planned() == ONE_RUN + REPORT
    lab.snakemake("train")
    # two of the study, and the one that its base has learned from
    assert len(list(lab.folder.glob("results/train/full-*/run.json"))) == 3
    lab.study_file.write_text(original, "utf-8")
    assert lab.planned() == Counter()


def test_an_edited_figure_redraws_its_chapter_and_the_page_only(lab: Lab) -> None:
    figure = lab.folder / "src/rankscope/report/chapters/training/loss.py"
    figure.write_text(figure.read_text("utf-8") + "\n# edited\n", "utf-8")
    assert lab.planned() == Counter(report_chapter=1, report_page=1)


def test_an_edited_metric_scores_again_and_neither_predicts_nor_trains(lab: Lab) -> None:
    metrics = lab.folder / "src/rankscope/evaluate/kinds/bits_per_byte.py"
    metrics.write_text(metrics.read_text("utf-8") + "\n# edited\n", "utf-8")
    # the base, and three runs together
    assert lab.planned() == Counter(evaluate_score=2) + REPORT


@pytest.mark.parametrize(
    ("deleted", "expected"),
    [
        ("results/evaluate/lora-r4-*-step-000004-code-*.parquet",
         Counter(evaluate_score=1) + REPORT),
        ("results/evaluate/predictions/full-*-step-000004-code-*.parquet",
         Counter(evaluate_predict=1, evaluate_score=1) + REPORT),
        ("results/train/lora-r1-*/run.json", ONE_RUN + REPORT),
        # of folders, which Snakemake does not look into
        ("results/train/lora-r1-*/steps/step-000004/adapter_model.safetensors", ONE_RUN + REPORT),
        ("results/spectra/bases/*/model.layers.0.mlp.up_proj.safetensors",
         Counter(spectra_base=1, spectra_run=3) + REPORT),
        ("results/spectra/lora-r1-*/vectors.parquet", Counter(spectra_run=1) + REPORT),
        ("results/report/tiny/chapters/training/figures/loss.svg",
         Counter(report_chapter=1, report_page=1)),
        ("results/report/tiny/claims.parquet", Counter(report_page=1)),
        ("reports/tiny/index.html", Counter(report_page=1)),
    ],
)  # fmt: skip
def test_a_deleted_artefact_is_made_again_with_what_lies_behind_it(
    lab: Lab, deleted: str, expected: Counter[str]
) -> None:
    lab.only(deleted).unlink()
    assert lab.planned() == expected


def test_a_deleted_step_comes_back_to_the_bit(lab: Lab) -> None:
    step = lab.only("results/train/lora-r1-*/steps/step-000004")
    before = {path.name: path.read_bytes() for path in step.iterdir()}
    shutil.rmtree(step)
    assert "was deleted" in lab.snakemake("train")
    assert {path.name: path.read_bytes() for path in step.iterdir()} == before
    assert lab.planned("train") == Counter()


def test_a_deleted_score_comes_back_to_the_bit(lab: Lab) -> None:
    scores = lab.only("results/evaluate/lora-r4-*-step-000004-code-*.parquet")
    before = scores.read_bytes()
    scores.unlink()
    lab.snakemake("evaluate")
    assert scores.read_bytes() == before


def test_forcing_a_stage_forces_its_rules(lab: Lab) -> None:
    forced = lab.planned("--forcerun", "evaluate")
    assert forced == Counter(evaluate_predict=2, evaluate_score=2) + REPORT


def test_until_stops_after_a_stage(new_lab: Lab) -> None:
    planned = new_lab.planned("--until", "train")
    assert planned == Counter(data_rows=2, base_model=2, data_pack=2, train_run=1 + 3)


@pytest.mark.parametrize(
    ("target", "last", "absent"),
    [
        ("data", Counter(data_rows=3, data_pack=2), {"evaluate_predict"}),
        ("base", Counter(base_model=2, train_run=1), {"evaluate_predict"}),
        ("train", Counter(train_run=1 + 3), {"evaluate_predict", "spectra_run"}),
        ("evaluate", Counter(evaluate_predict=2, evaluate_score=2), {"spectra_run"}),
        ("spectra", Counter(spectra_base=1, spectra_run=3), {"evaluate_predict"}),
        ("report", REPORT, set()),
    ],
)
def test_a_stage_is_a_target(
    new_lab: Lab, target: str, last: Counter[str], absent: set[str]
) -> None:
    planned = new_lab.planned(target)
    assert {rule: planned[rule] for rule in last} == dict(last)
    assert absent.isdisjoint(planned)


def test_summary_names_every_artefact_as_up_to_date(lab: Lab) -> None:
    lines = lab.snakemake("--summary").splitlines()
    rows = [line.split("\t") for line in lines if line.startswith(("results/", "reports/"))]
    assert len(rows) > 30
    assert {row[-1] for row in rows} == {"no update"}


def test_a_run_wanted_by_two_studies_is_trained_once(lab: Lab) -> None:
    text = lab.study_file.read_text("utf-8").replace("study: tiny", "study: twin")
    (lab.folder / "workflow/studies/twin.yaml").write_text(text, "utf-8")
    assert lab.planned("reports/twin/index.html") == REPORT
