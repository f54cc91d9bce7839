"""What the page computes of tables and manifests; `tests/stages` writes whole pages."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rankscope.report.page.build import PageFiles, json_script, stage_times
from rankscope.studies.expand import load_study
from synthetic_study import DEMO

TIMINGS = {"stage": pl.String, "startup_seconds": pl.Float64, "work_seconds": pl.Float64}


def timings(*rows: tuple[str, float, float]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=TIMINGS, orient="row")


def test_times_are_summed_by_stage_in_the_order_of_the_workflow():
    rows = timings(
        ("evaluate-score", 1.0, 2.0), ("train", 1.0, 9.0), ("evaluate-predict", 2.0, 5.0),
    )  # fmt: skip
    found = {each["stage"]: each for each in stage_times(rows, ())}
    assert list(found) == ["train", "evaluate", "all"]
    assert [found[name]["jobs"] for name in found] == [1, 2, 3]
    assert [found[name]["seconds"] for name in found] == [10.0, 10.0, 20.0]
    assert [found[name]["startup_percent"] for name in found] == pytest.approx([10, 30, 20])


def test_a_verb_that_was_not_run_has_no_time():
    missing = (Path("results/report/demo/tables.json"),)
    (everything,) = stage_times(timings(), missing)
    assert (everything["stage"], everything["jobs"], everything["startup_percent"]) == ("all", 0, 0)


@given(st.recursive(st.text() | st.none() | st.integers(), st.lists))
def test_data_in_a_script_is_what_it_was_and_cannot_end_it(content):
    text = json_script(content)
    assert "<" not in text
    assert json.loads(text) == content


def test_the_end_of_a_script_is_data_too():
    assert json_script("</script><!--") == '"\\u003c/script>\\u003c!--"'


def test_a_page_is_made_of_the_tables_and_of_the_chapters_that_apply():
    sources = PageFiles.of(load_study(DEMO))
    assert sources.tables == Path("results/report/demo/tables")
    assert [path.name for path in sources.chapters] == [
        "tradeoff", "intruders", "updates", "training",
    ]  # fmt: skip
    assert len(sources.manifests) == 1 + len(sources.chapters)
