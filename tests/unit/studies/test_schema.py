"""The schema that editors read."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from rankscope.check.cli import check
from rankscope.studies.form import StudyFile
from rankscope.studies.schema import SCHEMA, Node, study_schema
from study_mistakes import MISTAKES, NO_JSON, ONLY_RANKSCOPE_SEES
from study_text import STUDY, edited

jsonschema = pytest.importorskip("jsonschema", reason="comes with the extra `workflow`")
REPOSITORY = Path(__file__).parents[3]


@cache
def validator() -> Any:
    schema = json.loads(study_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_for_editors_is_the_generated_one(capsys: pytest.CaptureFixture[str]) -> None:
    check(schema=True)
    assert capsys.readouterr().out == study_schema()
    committed = (REPOSITORY / SCHEMA).read_text(encoding="utf-8")
    assert committed == study_schema(), f"run: rankscope check --schema > {SCHEMA}"


@pytest.mark.parametrize("name", sorted(MISTAKES.keys() - NO_JSON))
def test_the_schema_knows_what_it_can_of_the_mistakes(name: str) -> None:
    """Editors underline what needs no second look at the file: keys, words, types, bounds."""
    old, new, _ = MISTAKES[name]
    content = yaml.safe_load(edited((old, new)))
    assert validator().is_valid(content) == (name in ONLY_RANKSCOPE_SEES)


def test_the_schema_accepts_a_good_study() -> None:
    validator().validate(yaml.safe_load(STUDY))


def test_the_schema_follows_the_branch_that_was_written() -> None:
    root = Node.of(StudyFile)
    content = {
        "grid": ({"method": "lora", "rank": 4}, {"method": "full", "recipe": {}}),
        "data": {"a": {}},
    }
    lora = root.at(("grid", 0), content)
    assert "rank" in lora.keys
    assert list(lora.siblings) == ["full"]
    assert "rank" not in root.at(("grid", 1), content).keys
    assert "warmup_fraction" in root.at(("grid", 1, "recipe"), content).keys
    sources = root.at(("data", "a", "source"), content).choices
    assert {"standard-library", "text", "hub", "continuations"} <= set(sources)
