"""What the page says was run: what all share, and what differs between methods."""

import copy
from pathlib import Path

import pytest
import yaml

from instruction_study import STUDY
from rankscope.report.page.described import described
from rankscope.studies.expand import load_study
from study_text import edited

ROOT = Path(__file__).parents[4]


def terms(tmp_path: Path, *edits: tuple[str, str]) -> dict[str, str]:
    (tmp_path / "mine.yaml").write_text(edited(*edits))
    return dict(described(load_study(tmp_path / "mine.yaml")))


def test_a_recipe_that_all_share_is_one_line(tmp_path: Path) -> None:
    found = terms(tmp_path)
    expected = "250 steps, batch 16 × 256 tokens, adamw, linear schedule, float32"
    assert found["recipe"] == expected
    assert not [term for term in found if term.startswith("recipe of")]


def test_what_differs_is_said_of_each_method_that_has_it(tmp_path: Path) -> None:
    found = terms(
        tmp_path,
        (
            "{method: full, learning_rate: 1.0e-3}",
            "{method: full, learning_rate: 1.0e-3, recipe: {schedule: cosine}}",
        ),
    )
    assert found["recipe"] == "250 steps, batch 16 × 256 tokens, adamw, float32"
    assert found["recipe of Full"] == "cosine schedule"
    assert found["recipe of LoRA r=1, LoRA r=4, LoRA r=16"] == "linear schedule"


def test_a_method_with_two_recipes_has_both(tmp_path: Path) -> None:
    block = "{method: full, learning_rate: 1.0e-3}"
    found = terms(
        tmp_path, (block, f"{block}\n  - {block[:-1]}, recipe: {{steps: 500, batch_size: 32}}}}")
    )
    assert found["recipe"] == "adamw, linear schedule, float32"
    assert found["recipe of Full"] == (
        "250 steps or 500 steps, batch 16 × 256 tokens or batch 32 × 256 tokens"
    )


def test_families_of_one_rank_have_recipes_of_their_own(tmp_path: Path) -> None:
    block = "{method: lora, rank: [1, 4, 16], alpha: 2r, learning_rate: 3.0e-3}"
    other = block.replace("2r", "8").replace("}", ", recipe: {schedule: cosine}}")
    found = terms(tmp_path, (block, f"{block}\n  - {other}"))
    ranks = (1, 4, 16)
    of_other = ", ".join(f"LoRA α=8 r={rank}" for rank in ranks)
    assert found[f"recipe of {of_other}"] == "cosine schedule"
    linear = ", ".join(["Full", *(f"LoRA α=2r r={rank}" for rank in ranks)])
    assert found[f"recipe of {linear}"] == "linear schedule"


def test_the_multi_task_study_says_who_has_which_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = dict(described(load_study("multitask")))
    assert "schedule" not in found["recipe"]
    assert "cosine" in found["recipe of Full"]
    (loras,) = (term for term in found if term.startswith("recipe of LoRA"))
    assert "linear schedule" in found[loras]


def test_documents_go_by_their_label_and_test_sets_by_what_they_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert terms(tmp_path)["trained on"] == "code"
    monkeypatch.chdir(ROOT)
    study = load_study("multitask-tiny")
    measured = [text for term, text in described(study) if term == "measures learning"]
    assert any("that no run was trained on" in text for text in measured)
    assert any("of the smallest mixture of the run's own sampling" in text for text in measured)
    assert len(measured) == len(set(measured)), "samplings are one line"
    trained = dict(described(study))["trained on"]
    assert "T12 (" in trained
    assert "examples per task)" in trained


@pytest.fixture
def study(tmp_path: Path):
    content = copy.deepcopy(STUDY)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content), "utf-8")
    return load_study(tmp_path / "study.yaml")


def test_samplings_of_one_mixture_and_test_set_are_described_once(study):
    lines = described(study)
    assert ("trained on", "T12 (8 examples per task), T6 (8 examples per task)") in lines
    measured = [text for term, text in lines if term == "measures learning"]
    assert len(measured) == 2
    assert "of the smallest mixture of the run's own sampling" in measured[0]
    assert "that no run was trained on" in measured[1]
