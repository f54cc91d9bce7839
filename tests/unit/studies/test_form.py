"""The form of a study file: strict, by pydantic itself, with one entry or several."""

import pytest
import yaml
from pydantic import ValidationError

from rankscope.records.data import DataSpec
from rankscope.records.labels import Variants
from rankscope.studies.form import Config, LoraBlock, StudyFile
from study_text import STUDY


def form(**changes: object) -> StudyFile:
    def tuples(value: object) -> object:
        if isinstance(value, dict):
            return {key: tuples(each) for key, each in value.items()}
        return tuple(map(tuples, value)) if isinstance(value, list) else value

    content = tuples(yaml.safe_load(STUDY) | changes)
    assert isinstance(content, dict)
    return StudyFile.model_validate(
        content, context=Variants(content["data"], DataSpec, lambda _: None)
    )


def test_a_single_value_is_a_list_of_one() -> None:
    found = form(seeds=0, train_on="code")
    assert found.seeds == (0,)
    assert len(found.train_on) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown": 1},
        {"study": "With Capitals"},
        {"study": ""},
        {"title": ""},
        {"seeds": "0"},
        {"seeds": [-1]},
        {"seeds": [0.0]},
        {"seeds": []},
        {"grid": []},
        {"grid": [{"method": "prefix", "learning_rate": 0.1}]},
        {"grid": [{"method": "full", "learning_rate": 0.0}]},
        {"grid": [{"method": "full", "learning_rate": 0.1, "rank": 4}]},
        {"evaluate": {"tiny": []}},
        {"recipe": {"learning_rate": 0.1}},
        {"train_on": "nothing"},
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        form(**changes)


def test_alpha_is_a_rule_or_a_number_and_twice_the_rank_unless_said() -> None:
    block = {"method": "lora", "rank": (4,), "learning_rate": 0.1}
    assert LoraBlock.model_validate(block).alpha == ("2r",)
    assert LoraBlock.model_validate(block | {"alpha": (8.0, "r")}).alpha == (8.0, "r")
    for wrong in ("3r", 0.0, -1.0):
        with pytest.raises(ValidationError):
            LoraBlock.model_validate(block | {"alpha": (wrong,)})


def test_a_form_is_frozen() -> None:
    with pytest.raises(ValidationError):
        Config(study="demo").study = "another"  # type: ignore[misc]
