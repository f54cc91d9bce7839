"""One place writes what a source gives, and the manifest last."""

import json
from pathlib import Path

import polars as pl
import pytest

from rankscope.data.content import Content
from rankscope.data.kinds import text
from rankscope.data.rows import source_of, write_rows
from rankscope.errors import DataError
from rankscope.records.data import TextFiles

SPEC = TextFiles(source="text", path="mine.jsonl")


def test_all_of_the_content_is_written_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows, shares = pl.DataFrame({"id": ["a"]}), pl.DataFrame({"share": [1.0]})
    content = Content(
        rows, {"rows": 1}, {"commit": "none"}, {"shares": shares}, {"shares": "<p>ü</p>"}
    )
    monkeypatch.setattr(text, "content", lambda spec, made_from: content)
    write_rows(SPEC, (), Path("here/rows.parquet"))
    assert pl.read_parquet("here/rows.parquet").equals(rows)
    assert pl.read_parquet("here/shares.parquet").equals(shares)
    assert Path("here/shares.html").read_text("utf-8") == "<p>ü</p>"
    record = json.loads(Path("here/run.json").read_text("utf-8"))
    assert (record["name"], record["results"]) == (SPEC.name, {"rows": 1})
    assert record["inputs"] == {"commit": "none"}
    assert set(record["outputs"]) == {"rows.parquet", "shares.parquet", "shares.html"}


def test_nothing_is_left_of_a_source_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"mine.jsonl: there is no such file"):
        write_rows(SPEC, (), Path("here/rows.parquet"))
    assert not [path for path in Path("here").glob("*") if path.is_file()]


def test_a_source_is_the_module_of_its_name() -> None:
    assert source_of(SPEC) is text
