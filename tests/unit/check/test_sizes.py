"""How much a run is trained on: by the data where it is packed, else by what is asked for."""

from pathlib import Path

import polars as pl
import pytest

from instruction_study import written
from rankscope.artefacts import layout
from rankscope.check.check import checked
from rankscope.check.sizes import (
    asked_examples,
    training_sequences,
    training_tasks,
    training_tokens,
)
from rankscope.data.niv2.made import RECIPES
from rankscope.records.instructions import Mixture, Niv2Tasks
from rankscope.records.runs import Run
from rankscope.studies.expand import load_study
from sealing import seal
from study_text import STUDY
from tiny_llama import save_base

TRAINING_TASKS = sum(recipe.split == "train" for recipe in RECIPES)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def mixed() -> Run:
    """A run on 6 tasks × 8 examples, in batches of 12."""
    save_base(Path("base"), context=512)
    return checked(written()).study.runs[0]


def pack(run: Run, lengths: list[int]) -> None:
    path = Path(layout.packed(run.packed.name))
    path.parent.mkdir(parents=True)
    pl.DataFrame({"input_ids": [list(range(n)) for n in lengths]}).write_parquet(path)
    seal()


def test_of_documents_nothing_is_known_before_they_are_packed() -> None:
    Path("mine.yaml").write_text(STUDY, "utf-8")
    run = load_study("mine.yaml").runs[0]
    assert training_sequences(run) is None
    assert training_tokens(run, 250) == 250 * 16 * 256
    pack(run, [256] * 9)
    assert training_sequences(run) == 9


def test_a_mixture_counts_what_it_asks_for_until_it_is_packed(mixed: Run) -> None:
    assert training_sequences(mixed) == 6 * 8
    assert training_tokens(mixed, 4) is None
    pack(mixed, [10, 20, 30])
    assert training_sequences(mixed) == 3
    assert training_tokens(mixed, 4) == 4 * 12 * 20


def test_all_tasks_are_as_many_as_there_are(mixed: Run) -> None:
    assert isinstance(mixed.data, Mixture)
    assert training_tasks(mixed.data.tasks) == TRAINING_TASKS
    every = mixed.data.model_copy(update={"size": "all", "nested": ()})
    assert asked_examples(every) == TRAINING_TASKS * 8


def test_tasks_that_loaded_count_rather_than_those_listed(mixed: Run) -> None:
    assert isinstance(mixed.data, Mixture)
    loaded = Path(layout.data_rows(mixed.data.tasks.name)).with_name("tasks.parquet")
    loaded.parent.mkdir(parents=True)
    pl.DataFrame({"split": ["train", "train", "test"]}).write_parquet(loaded)
    seal()
    assert training_tasks(mixed.data.tasks) == 2


def test_a_folder_that_is_not_there_has_no_number_of_tasks() -> None:
    assert training_tasks(Niv2Tasks(source="niv2", path="nowhere")) is None
