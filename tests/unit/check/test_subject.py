"""The place of what is wrong, and what is known of a base before it is loaded."""

from pathlib import Path

import pytest

from rankscope.check.check import checked
from rankscope.check.subject import Subject
from study_mistakes import EMBEDDED
from study_text import edited
from tiny_llama import save_base


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def subject(*edits: tuple[str, str]) -> Subject:
    Path("mine.yaml").write_text(edited(*edits), "utf-8")
    return checked("./mine.yaml")


def test_a_note_begins_with_file_line_and_key() -> None:
    found = subject()
    assert found.note(("grid", 1, "rank", 2), "of note").split(": ", 1)[1] == (
        "grid[1].rank[2]: of note"
    )
    line = int(found.note(("grid", 1, "rank", 2), "x").split(":")[1])
    assert "rank: [1, 4, 16]" in Path("mine.yaml").read_text().splitlines()[line - 1]


def test_an_entry_is_its_place_in_the_list_or_the_single_value() -> None:
    assert subject().entry(("grid", 1, "rank"), 4) == ("grid", 1, "rank", 1)
    single = subject(("rank: [1, 4, 16]", "rank: 4"))
    assert single.entry(("grid", 1, "rank"), 4) == ("grid", 1, "rank")


def test_a_key_of_the_recipe_stands_in_its_block_or_in_the_study() -> None:
    own = "alpha: 2r, recipe: {batch_size: 4}"
    found = subject(("alpha: 2r", own))
    assert found.recipe_key(("grid", 1), "batch_size") == ("grid", 1, "recipe", "batch_size")
    assert found.recipe_key(("grid", 0), "batch_size") == ("recipe", "batch_size")


def test_seeds_and_rates_do_not_repeat_what_depends_on_neither() -> None:
    found = subject(("learning_rate: 1.0e-3", "learning_rate: [1.0e-3, 1.0e-4]"))
    places = [(place, run.method.rank) for place, run in found.one_run_per_block_and_rank()]
    assert places == [
        (("grid", 0), None), (("grid", 1), 1), (("grid", 1), 4), (("grid", 1), 16),
    ]  # fmt: skip
    assert len(found.study.runs) == 2 * 2 + 3 * 2


def test_the_context_is_that_of_the_record_or_of_the_files() -> None:
    assert subject().context == 256
    save_base(Path("base"), context=512)
    local = (EMBEDDED, "source: local\n  path: base")
    found = subject(local, ("  ks: [1, 10]", "  ks: [1]\n  similarity_size: 4"))
    assert found.context == 512
    assert found.shape is not None


def test_a_path_beside_the_study_is_told_and_another_is_not() -> None:
    found = subject()
    assert found.path_hint("~/texts") == "; ~ is not expanded: write the path out"
    assert found.path_hint("nowhere") == ""


def test_variants_are_called_by_their_labels() -> None:
    found = subject()
    assert found.label(found.study.data["code"]) == '"code"'
