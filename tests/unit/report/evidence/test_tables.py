import polars as pl
import pytest

from rankscope.artefacts import layout
from rankscope.errors import ArtefactError
from rankscope.records.methods import FullFineTuning
from rankscope.records.runs import Run
from rankscope.records.study import Study
from rankscope.report.evidence.gather import gather
from rankscope.report.evidence.methods import condition_labels
from rankscope.report.evidence.tables import (
    SPECTRAL,
    build_tables,
    provenance,
    read_tables,
    write_tables,
)
from rankscope.studies.expand import load_study
from synthetic_study import DEMO, STEPS, write_synthetic_study


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def study(folder) -> Study:
    runs = load_study(DEMO).runs
    diverged = next(run.name for run in runs if run.method.rank == 64)
    return write_synthetic_study(folder, diverged=diverged)


@pytest.fixture
def gathered(folder, study, monkeypatch):
    monkeypatch.chdir(folder)
    return gather(study)


@pytest.fixture
def tables(gathered):
    return build_tables(gathered)


def test_every_run_is_in_the_table_with_its_status(tables, study):
    assert tables.runs["run"].to_list() == [study.base.name, *(run.name for run in study.runs)]
    rows = tables.runs.filter(pl.col("status") == "diverged")
    assert rows.select("method", "diverged_at", "kept_steps", "last_step").rows() == [
        ("LoRA r=64", 90, 2, STEPS[1])
    ]


def test_a_run_without_artefacts_is_missing_and_does_not_stop_the_rest(
    folder, study, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").symlink_to(folder / "results")
    first = study.runs[0]
    absent = Run(
        base=first.base, data=first.data, method=first.method, recipe=first.recipe, seed=99
    )
    wider = study.model_copy(update={"runs": (*study.runs, absent)})
    tables = build_tables(gather(wider))
    assert tables.runs.filter(pl.col("run") == absent.name)["status"].to_list() == ["missing"]
    full = tables.summary.filter(pl.col("method") == "Full")
    assert full["seeds"].unique().to_list() == [2]


def test_averages_are_over_finished_runs_and_the_others_points_are_kept(tables, study):
    rank64 = tables.summary.filter(pl.col("rank") == 64)
    assert rank64["seeds"].unique().to_list() == [1]
    diverged = tables.runs.filter(pl.col("status") == "diverged")["run"][0]
    steps = tables.scores.filter(pl.col("run") == diverged)["step"].unique().sort().to_list()
    assert steps == list(STEPS[:2])


def test_scores_are_weighted_by_bytes_and_inside_their_interval(tables):
    run, step = tables.scores["run"][1], tables.scores["step"][1]
    items = tables.items.filter(
        pl.col("run") == run, pl.col("step") == step, pl.col("evaluation") == "code"
    )
    expected = (items["score"] * items["weight"]).sum() / items["weight"].sum()
    row = tables.scores.filter(
        pl.col("run") == run, pl.col("step") == step, pl.col("evaluation") == "code"
    ).row(0, named=True)
    assert row["mean"] == pytest.approx(expected)
    assert row["low"] < row["mean"] < row["high"]
    assert row["items"] == 100


def test_the_summary_recovers_what_was_put_in(tables):
    last = tables.summary.filter(pl.col("step") == STEPS[-1])
    gains = dict(last.filter(pl.col("evaluation") == "code").select("method", "gain").iter_rows())
    assert gains["Full"] > gains["LoRA r=64"] > gains["LoRA r=16"] > gains["LoRA r=1"] > 0
    lost = dict(last.filter(pl.col("evaluation") == "english").select("method", "gain").iter_rows())
    assert lost["Full"] < lost["LoRA r=1"] < 0


def test_equal_artefacts_give_equal_bits(gathered, study, tmp_path):
    for name in ("once", "twice"):
        write_tables(build_tables(gathered), provenance(study, gathered), tmp_path / name)
    once = {path.name: path.read_bytes() for path in (tmp_path / "once").iterdir()}
    twice = {path.name: path.read_bytes() for path in (tmp_path / "twice").iterdir()}
    assert once == twice
    assert {"runs.csv", "runs.parquet", "summary.csv", "provenance.json"} <= set(once)


def test_wall_times_stand_in_their_own_table_only(tables):
    assert tables.timings["stage"].unique().sort().to_list() == [
        "base", "data", "evaluate-predict", "evaluate-score", "spectra", "train",
    ]  # fmt: skip
    for name in tables.__dataclass_fields__:
        frame = getattr(tables, name)
        if name != "timings":
            assert not {"work_seconds", "startup_seconds", "started"} & set(frame.columns)


def test_tables_are_read_back_as_written(tables, gathered, study, tmp_path):
    write_tables(tables, provenance(study, gathered), tmp_path / "tables")
    back = read_tables(tmp_path / "tables")
    assert all(getattr(back, n).equals(getattr(tables, n)) for n in tables.__dataclass_fields__)


def test_a_study_without_spectra_has_no_tables_of_them(tables, gathered, study, tmp_path):
    about = provenance(study.model_copy(update={"spectra": None}), gathered)
    write_tables(tables, about, tmp_path / "tables")
    written = {path.stem for path in (tmp_path / "tables").glob("*.parquet")}
    assert {"runs", "summary"} <= written
    assert written.isdisjoint(SPECTRAL)
    back = read_tables(tmp_path / "tables")
    assert back.matrices.is_empty()
    assert back.matrices.columns == tables.matrices.columns


def test_reading_tables_that_are_not_there_says_what_to_run(tmp_path):
    with pytest.raises(ArtefactError, match="run `rankscope report tables` first"):
        read_tables(tmp_path / "nothing")


def test_a_half_written_manifest_is_named(folder, study, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / layout.run_folder(study.runs[0].name) / "run.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"stage": "tra')
    with pytest.raises(ArtefactError, match=r"run\.json: .*is no complete manifest"):
        gather(study)


def test_conditions_are_named_by_method_unless_more_differs():
    study = load_study(DEMO)
    assert list(dict.fromkeys(condition_labels(study.runs).values())) == [
        "Full", "LoRA r=1", "LoRA r=4", "LoRA r=16", "LoRA r=64",
    ]  # fmt: skip
    full = next(run for run in study.runs if isinstance(run.method, FullFineTuning))
    recipe = full.recipe.model_copy(update={"learning_rate": 0.0123})
    faster = type(full)(
        base=full.base, data=full.data, method=full.method, recipe=recipe, seed=full.seed
    )
    labels = condition_labels((*study.runs, faster))
    assert labels[faster.name] == "Full, lr 0.0123"
    assert labels[study.runs[-1].name] == study.runs[-1].method.label


def test_an_evaluation_with_two_metrics_is_two(tables):
    names = tables.summary["evaluation"].unique().sort().to_list()
    assert names == [
        "code", "continuations", "continuations (accuracy normalised)", "english",
    ]  # fmt: skip
    assert tables.summary.group_by("evaluation", "condition", "step").len()["len"].max() == 1


def test_intervals_among_methods_leave_out_what_the_items_do_to_all_alike(tables):
    rows = tables.summary.filter(pl.col("evaluation") == "code", pl.col("step") == STEPS[-1])
    assert ((rows["among_low"] <= rows["gain"]) & (rows["gain"] <= rows["among_high"])).all()
    widths = rows.select(
        among=pl.col("among_high") - pl.col("among_low"),
        alone=pl.col("gain_high") - pl.col("gain_low"),
    )
    assert widths["among"].mean() < 0.7 * widths["alone"].mean()
