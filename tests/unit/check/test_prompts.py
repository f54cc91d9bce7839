"""Room for prompts: in training, in answering, and with no tokenizer at hand."""

import copy
from pathlib import Path

import pytest

from instruction_study import STUDY, noted, refused, written
from rankscope.check.check import checked
from tiny_llama import save_base


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_base(Path("base"), context=512)


def test_prompts_that_are_cut_elsewhere_than_in_training_are_noted():
    evaluate = copy.deepcopy(STUDY["evaluate"])
    evaluate["answers"][1]["prompt_tokens"] = 300
    (note,) = noted(evaluate=evaluate)
    assert "evaluate.answers[1].prompt_tokens: prompts are cut to 300 tokens here" in note
    assert "in training to 400 (sequence_length − answer_tokens)" in note


def test_a_sequence_has_room_for_more_than_the_template():
    recipe = STUDY["recipe"] | {"sequence_length": 55}
    found = refused(recipe=recipe)
    assert (
        "recipe.sequence_length: 55 tokens leave 15 for prompts beside the `answer_tokens: 40`"
        in found
    )
    assert "the template tk-instruct alone takes" in found
    least = int(found.split("allowed: more than ")[1].split()[0])
    assert "sequence_length" in refused(recipe=recipe | {"sequence_length": least})
    checked(written(recipe=recipe | {"sequence_length": least + 1}))


def test_an_evaluation_has_room_for_more_than_the_template():
    evaluate = copy.deepcopy(STUDY["evaluate"])
    evaluate["answers"][0]["prompt_tokens"] = 16
    found = refused(evaluate=evaluate)
    assert "evaluate.answers[0].prompt_tokens: the template tk-instruct alone takes" in found


def test_without_the_tokenizer_a_template_has_at_least_its_words():
    embedded = {
        "source": "embedded",
        "corpus": {"source": "standard-library", "content": "english"},
    }
    recipe = STUDY["recipe"] | {"sequence_length": 48}
    found = refused(base=embedded, recipe=recipe)
    assert "48 tokens leave 8 for prompts" in found
    assert "the template tk-instruct alone takes 9; allowed: more than 49" in found
