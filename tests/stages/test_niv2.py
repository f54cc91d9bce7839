"""The instruction-tuning data as a stage: collections, mixtures and test sets on the disk."""

import json
import logging
from pathlib import Path

import polars as pl
import pytest

from mixture_series import nested_mixtures
from rankscope.data.niv2.made import task_files
from rankscope.data.niv2.tables import PROBLEMS, ROWS, SHORTAGES
from rankscope.data.rows import write_rows
from rankscope.errors import ArtefactError, DataError
from rankscope.records.instructions import MadeTasks, Mixture, Niv2Tasks

MADE = MadeTasks(source="made-tasks", instances_per_task=40)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_rows(MADE, (), folder / "rows.parquet")
    return folder


def mixtures(**changes) -> dict[str, Mixture]:
    return {
        label: mixture.model_copy(update=changes)
        for label, mixture in nested_mixtures(MADE, (6, 12), 0, 10, 10).items()
    }


def test_a_collection_becomes_tables_with_a_manifest(made: Path):
    manifest = json.loads((made / "run.json").read_text())
    tasks = pl.read_parquet(made / "tasks.parquet")
    rows = pl.read_parquet(made / "rows.parquet")
    assert manifest["name"] == MADE.name
    assert manifest["results"]["training_tasks"] == tasks.filter(split="train").height
    assert rows.height == manifest["results"]["instances"] == 40 * tasks.height
    assert dict(pl.read_parquet(made / "problems.parquet").schema) == dict(PROBLEMS)
    assert set(manifest["outputs"]) == {"rows.parquet", "tasks.parquet", "problems.parquet"}


def test_made_tasks_can_be_read_back_from_the_official_layout(made: Path, tmp_path: Path):
    (tmp_path / "tasks").mkdir()
    (tmp_path / "splits" / "default").mkdir(parents=True)
    lists: dict[str, list[str]] = {"train": [], "test": []}
    for file in task_files(MADE):
        (tmp_path / "tasks" / f"{file.name}.json").write_text(json.dumps(file.content))
        lists[file.split].append(file.name)
    for split, names in lists.items():
        (tmp_path / "splits" / "default" / f"{split}_tasks.txt").write_text("\n".join(names))
    folder = Niv2Tasks(source="niv2", path=str(tmp_path), minimum_instances=40)
    write_rows(folder, (), tmp_path / "read" / "rows.parquet")
    for table in ("rows", "tasks", "problems"):
        read_back = pl.read_parquet(tmp_path / "read" / f"{table}.parquet")
        assert read_back.equals(pl.read_parquet(made / f"{table}.parquet"))


def test_a_mixture_becomes_rows_shortages_and_proportions(made: Path, tmp_path: Path, caplog):
    caplog.set_level(logging.INFO)
    mixture = mixtures()["T12"]
    write_rows(mixture, (made / "rows.parquet",), tmp_path / "rows.parquet")
    rows = pl.read_parquet(tmp_path / "rows.parquet")
    assert dict(rows.schema) == dict(ROWS)
    assert rows["task"].n_unique() == 12
    assert rows.height == 120
    assert set(rows["mixture"]) == {"T12"}
    first = rows.row(0, named=True)
    assert first["prompt"].startswith(f"Definition: {first['definition']}")
    assert first["target"] in first["references"]
    proportions = pl.read_parquet(tmp_path / "proportions.parquet")
    assert proportions["obtained_tasks"].sum() == 12
    assert proportions["asked_tasks"].sum() == pytest.approx(12)
    assert "Category proportions of T12" in (tmp_path / "proportions.html").read_text()
    manifest = json.loads((tmp_path / "run.json").read_text())
    assert manifest["results"] == {"label": "T12", "tasks": 12, "rows": 120, "tasks_short": 0}
    assert "120 rows of 12 tasks; 0 tasks fell short" in caplog.text


def test_all_tasks_are_labelled_with_their_number(made: Path, tmp_path: Path):
    write_rows(mixtures()["Tall"], (made / "rows.parquet",), tmp_path / "rows.parquet")
    rows = pl.read_parquet(tmp_path / "rows.parquet")
    assert set(rows["mixture"]) == {f"T{rows['task'].n_unique()}"}


def test_shortages_are_listed(made: Path, tmp_path: Path):
    write_rows(
        mixtures(examples_per_task=35)["T6"], (made / "rows.parquet",), tmp_path / "rows.parquet"
    )
    shortages = pl.read_parquet(tmp_path / "shortages.parquet")
    assert dict(shortages.schema) == dict(SHORTAGES)
    assert shortages.height == 6, "40 instances less 10 test items leave 30 for 35"
    counts = pl.read_parquet(tmp_path / "rows.parquet").group_by("task").len()
    joined = shortages.join(counts, on="task")
    assert joined["obtained"].equals(joined["len"].cast(pl.Int64), check_names=False)
    assert (joined["forbidden"] >= 10).all()


def test_test_sets(made: Path, tmp_path: Path):
    mixture = mixtures()["Tall"]
    for kind in ("intra", "inter"):
        write_rows(
            mixture.test_set(kind), (made / "rows.parquet",), tmp_path / kind / "rows.parquet"
        )
    intra = pl.read_parquet(tmp_path / "intra" / "rows.parquet")
    inter = pl.read_parquet(tmp_path / "inter" / "rows.parquet")
    assert intra["task"].n_unique() == 6
    assert intra.height == 60
    assert set(inter["task"]) == set(
        pl.read_parquet(made / "tasks.parquet").filter(split="test")["task"]
    )
    assert inter["sampling_seed"].null_count() == inter.height
    assert not (tmp_path / "inter" / "proportions.html").exists()


def test_a_missing_collection_says_how_to_make_it(tmp_path: Path):
    with pytest.raises(ArtefactError, match=f"rankscope data rows {MADE.name}"):
        write_rows(
            mixtures()["T6"], (tmp_path / "nothing" / "rows.parquet",), tmp_path / "rows.parquet"
        )


def test_too_large_a_mixture_is_an_error_and_leaves_nothing(made: Path, tmp_path: Path):
    with pytest.raises(DataError, match="a mixture of 500 tasks cannot be drawn"):
        write_rows(mixtures(size=500)["T6"], (made / "rows.parquet",), tmp_path / "rows.parquet")
    assert not (tmp_path / "run.json").exists()


def write_folder(folder: Path, train: dict[str, list[str]], test: dict[str, list[str]]) -> None:
    """Write a collection in the official layout: texts per task, one category per split."""
    (folder / "tasks").mkdir(parents=True)
    (folder / "splits" / "default").mkdir(parents=True)
    for split, tasks in (("train", train), ("test", test)):
        names = folder / "splits" / "default" / f"{split}_tasks.txt"
        names.write_text("\n".join(tasks))
        for name, texts in tasks.items():
            content = {
                "Categories": [split],
                "Definition": [f"Do {name}."],
                "Instances": [{"input": text, "output": ["x"]} for text in texts],
            }
            (folder / "tasks" / f"{name}.json").write_text(json.dumps(content))


def folder_spec(folder: Path) -> Niv2Tasks:
    return Niv2Tasks(source="niv2", path=str(folder), minimum_instances=1)


def test_a_category_in_both_splits_is_a_warning(tmp_path: Path, caplog):
    write_folder(tmp_path, train={"task1_a": ["a"]}, test={"task2_b": ["b"]})
    table = "task\tcategory\ntask1_a\tMisc.\ntask2_b\tMisc.\n"
    (tmp_path / "task_categories.tsv").write_text(table)
    write_rows(folder_spec(tmp_path), (), tmp_path / "collection" / "rows.parquet")
    assert "Misc. has training and test tasks" in caplog.text
    manifest = json.loads((tmp_path / "collection" / "run.json").read_text())
    assert manifest["results"]["categories_in_both_splits"] == ["Misc."]


def test_texts_of_either_test_set_are_kept_out_of_training(tmp_path: Path):
    shared = [f"shared {n}" for n in range(6)]
    write_folder(
        tmp_path,
        train={
            "task1_a": [*shared, *(f"a {n}" for n in range(6))],
            "task2_b": [*shared, *(f"b {n}" for n in range(6))],
        },
        test={"task3_c": [f" {text}\n" for text in shared]},
    )
    spec = folder_spec(tmp_path)
    mixture = nested_mixtures(spec, (1,), 0, 12, 4)["Tall"]
    write_rows(spec, (), tmp_path / "collection" / "rows.parquet")
    for one, name in ((mixture, "all"), (mixture.test_set("intra"), "intra")):
        write_rows(
            one, (tmp_path / "collection" / "rows.parquet",), tmp_path / name / "rows.parquet"
        )
    trained = pl.read_parquet(tmp_path / "all" / "rows.parquet")
    intra = pl.read_parquet(tmp_path / "intra" / "rows.parquet")
    kept_out = set(intra["text"]) | set(shared[:4])  # the inter-task items are the first four
    assert set(trained["text"]) == {
        text
        for text in (*shared, *(f"{task} {n}" for task in "ab" for n in range(6)))
        if text not in kept_out
    }
    shortages = pl.read_parquet(tmp_path / "all" / "shortages.parquet")
    assert (shortages["forbidden"] >= 4).all()


def test_a_task_without_training_examples_is_named(tmp_path: Path, caplog):
    write_folder(
        tmp_path,
        train={
            "task1_a": [f"a {n}" for n in range(4)],
            "task2_b": [f"b {n}" for n in range(5)],
        },
        test={"task3_c": ["c"]},
    )
    spec = folder_spec(tmp_path)
    write_rows(spec, (), tmp_path / "collection" / "rows.parquet")
    mixture = nested_mixtures(spec, (2,), 0, 3, 4)["T2"]
    for one in (mixture, mixture.replaced(with_replacement=True)):
        caplog.clear()
        write_rows(
            one, (tmp_path / "collection" / "rows.parquet",), tmp_path / "T2" / "rows.parquet"
        )
        assert "1 tasks have no training example beside their test items: task1_a" in caplog.text
    too_many = nested_mixtures(spec, (2,), 0, 3, 5)["T2"]
    with pytest.raises(DataError, match=r"none of the 2 tasks .*lower `test_examples_per_task`"):
        write_rows(
            too_many,
            (tmp_path / "collection" / "rows.parquet",),
            tmp_path / "none" / "rows.parquet",
        )
    assert not (tmp_path / "none" / "rows.parquet").exists()


def test_spellings_of_a_label_are_balanced_as_one(tmp_path: Path):
    write_folder(tmp_path, train={"task1_a": ["a"]}, test={"task2_b": ["b"]})
    answers = ["Yes", "yes", "YES", "yes.", "no"] * 8
    file = tmp_path / "tasks" / "task2_b.json"
    content = json.loads(file.read_text())
    content["Instances"] = [
        {"input": f"b {n}", "output": [answer]} for n, answer in enumerate(answers)
    ]
    file.write_text(json.dumps(content))
    spec = folder_spec(tmp_path)
    write_rows(spec, (), tmp_path / "collection" / "rows.parquet")
    inter = nested_mixtures(spec, (1,), 0, 1, 10)["T1"].test_set("inter")
    write_rows(
        inter, (tmp_path / "collection" / "rows.parquet",), tmp_path / "inter" / "rows.parquet"
    )
    drawn = pl.read_parquet(tmp_path / "inter" / "rows.parquet")
    assert drawn["options"][0].to_list() == ["YES", "no"]
    assert drawn["references"].list.first().to_list().count("no") == 5


def test_a_collection_without_usable_tasks_says_why(tmp_path: Path):
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "task1_x.json").write_text("[]")
    (tmp_path / "splits" / "default").mkdir(parents=True)
    for split in ("train", "test"):
        (tmp_path / "splits" / "default" / f"{split}_tasks.txt").write_text("task1_x\n")
    spec = Niv2Tasks(source="niv2", path=str(tmp_path))
    with pytest.raises(DataError, match=r"no usable train task; .*malformed \(1 tasks\)"):
        write_rows(spec, (), tmp_path / "out" / "rows.parquet")
