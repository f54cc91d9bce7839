"""Every verb and every stage's help shows an example, and the examples name what the demo has."""

import re
from importlib.metadata import version

import pytest
from typer.testing import CliRunner

from rankscope.cli import app
from rankscope.records.measurements import Answers
from rankscope.records.runs import Run
from rankscope.records.variant import Data
from rankscope.studies.find import Studies
from rankscope.workflow.lookups import STAGE_RULES

LABELS = re.compile(r"rankscope (?:data rows|data pack) (\S+)|--suite (\S+)")
VERBS = [
    *([stage] for stage in STAGE_RULES),
    ["check"], ["verify"], ["inspect"], ["repair"],
    ["data", "rows"], ["data", "pack"], ["base", "model"],
    ["evaluate", "predict"], ["evaluate", "score"], ["spectra", "base"], ["spectra", "run"],
    ["report", "tables"], ["report", "chapter"], ["report", "page"],
]  # fmt: skip


def help_of(verb: list[str]) -> str:
    shown = CliRunner().invoke(app, [*verb, "--help"], env={"COLUMNS": "160", "TERM": "dumb"})
    assert shown.exit_code == 0
    return shown.output


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_shows_an_example_of_the_verb(verb: list[str]) -> None:
    shown = help_of(verb)
    assert re.search(rf"rankscope {' '.join(verb)}\b.* \S", shown.split("xample")[-1]), shown


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_runs_in_examples_are_runs_of_the_demo(verb: list[str]) -> None:
    studies = Studies("demo")
    for called in re.findall(r"[a-z0-9-]+@\d", help_of(verb).split("xample")[-1]):
        assert studies.find(Run, called)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_labels_in_examples_are_labels_of_the_demo(verb: list[str]) -> None:
    studies = Studies("demo")
    for variant, suite in LABELS.findall(help_of(verb).split("xample")[-1]):
        assert studies.find(Data, variant) if variant else studies.find(Answers, "base", suite)


def test_the_version_is_that_of_the_package() -> None:
    shown = CliRunner().invoke(app, ["--version"])
    assert shown.exit_code == 0
    assert shown.output == f"rankscope {version('rankscope')}\n"
