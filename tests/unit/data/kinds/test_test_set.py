"""Items of test sets, drawn from the tables of a collection."""

from pathlib import Path

import pytest

from rankscope.artefacts import layout
from rankscope.data.kinds.test_set import content
from rankscope.data.rows import write_rows
from rankscope.errors import ArtefactError, DataError
from rankscope.records.instructions import MadeTasks, TestSet

MADE = MadeTasks(source="made-tasks", instances_per_task=20)
ROWS = Path(layout.data_rows(MADE.name))


@pytest.fixture(scope="module", autouse=True)
def collection(tmp_path_factory: pytest.TempPathFactory):
    """The made tasks as tables, in the working folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("made"))
        write_rows(MADE, (), ROWS)
        yield


def items(kind: str, **changes: object) -> TestSet:
    written = {"source": "test-set", "kind": kind, "tasks": MADE, "examples_per_task": 3}
    return TestSet.model_validate(written | changes)


@pytest.mark.parametrize(
    ("spec", "split"),
    [(items("intra", tasks_tested=4, sampling_seed=1), "intra"), (items("inter"), "inter")],
    ids=["intra", "inter"],
)
def test_an_item_has_its_prompt_and_references_and_no_target(spec: TestSet, split: str) -> None:
    made = content(spec, (ROWS,))
    rows = made.rows
    assert set(rows["split"]) == {split}
    assert rows["target"].null_count() == rows["mixture"].null_count() == rows.height
    assert set(rows.group_by("task").len()["len"]) == {3}
    assert made.results == {
        "label": None, "tasks": rows["task"].n_unique(), "rows": rows.height, "tasks_short": 0,
    }  # fmt: skip
    assert made.pages == {}
    for row in rows.iter_rows(named=True):
        assert row["definition"] in row["prompt"]
        assert row["text"] in row["prompt"]
        assert row["references"]


def test_seen_tasks_are_training_tasks_of_the_sampling_and_unseen_ones_are_not() -> None:
    def tasks(spec: TestSet) -> set[str]:
        return set(content(spec, (ROWS,)).rows["task"])

    one, other = (tasks(items("intra", tasks_tested=4, sampling_seed=seed)) for seed in (0, 1))
    assert len(one) == len(other) == 4
    assert one != other
    assert not (one | other) & tasks(items("inter"))


def test_more_tasks_than_the_collection_has_are_refused() -> None:
    with pytest.raises(DataError, match="a mixture of 900 tasks cannot be drawn"):
        content(items("intra", tasks_tested=900, sampling_seed=0), (ROWS,))


def test_a_collection_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=f"make it first with `rankscope data rows {MADE.name}"):
        content(items("inter"), (tmp_path / "rows.parquet",))
