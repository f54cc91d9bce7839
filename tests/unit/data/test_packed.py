"""The second step: what is trained on is encoded, and nothing else is."""

import json
from pathlib import Path

import polars as pl
import pytest

from labelled_runs import pairs, write_pairs
from rankscope.data.encodings.labelled import encoded, encoder
from rankscope.data.kinds.labelled import content
from rankscope.data.packed import write_packed
from rankscope.data.rows import write_rows
from rankscope.errors import StudyError
from rankscope.records.data import Continuations, TextFiles
from rankscope.records.instructions import MadeTasks
from tiny_heads import save_tokenizer

ITEMS = Continuations(source="continuations", documents=TextFiles(source="text", path="mine.jsonl"))


@pytest.mark.parametrize("spec", [ITEMS, MadeTasks(source="made-tasks")], ids=lambda s: s.source)
def test_what_nothing_is_trained_on_is_refused(spec, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=f"nothing is trained on .* of source {spec.source}"):
        write_packed(spec, tmp_path, tmp_path, 8, tmp_path / "packed.parquet")
    assert not list(tmp_path.iterdir())


def test_the_table_and_its_manifest_are_those_of_the_encoding(tmp_path: Path) -> None:
    """Order, ids and counts of what `trained_as` names, and what they were made from."""
    save_tokenizer(tmp_path / "model", "bert")
    spec = pairs(write_pairs(tmp_path / "pairs.jsonl"))
    rows, output = tmp_path / "rows.parquet", tmp_path / "packed.parquet"
    write_rows(spec, (), rows)
    write_packed(spec, rows, tmp_path / "model", 12, output)
    expected = encoded(spec, content(spec).rows, encoder(spec, tmp_path / "model", 12), 12)
    assert pl.read_parquet(output).equals(expected.table)
    said = json.loads(output.with_suffix(".json").read_text())
    assert said["results"] == expected.results
    assert said["inputs"].keys() == {str(tmp_path / "model"), str(rows)}
    shorter = tmp_path / "shorter.parquet"
    write_packed(spec, rows, tmp_path / "model", 9, shorter)
    assert pl.read_parquet(shorter)["input_ids"].list.len().max() == 9
