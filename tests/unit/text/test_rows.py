"""Rows of a data variant: read as written, or the command that makes them."""

from pathlib import Path

import polars as pl
import pytest

from rankscope.artefacts import layout
from rankscope.errors import ArtefactError
from rankscope.text.rows import read_rows
from sealing import seal


def test_rows_are_read_if_they_are_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    path = Path(layout.data_rows("code-1a2b"))
    path.parent.mkdir(parents=True)
    rows = pl.DataFrame({"id": ["a", "b"]})
    rows.write_parquet(path)
    seal()
    assert read_rows(path, "code-1a2b").equals(rows)
    rows.head(1).write_parquet(path)
    with pytest.raises(ArtefactError, match="differs from what was written"):
        read_rows(path, "code-1a2b")


@pytest.mark.parametrize("path", [None, Path("absent/rows.parquet")])
def test_missing_rows_are_answered_with_what_makes_them(path: Path | None):
    with pytest.raises(ArtefactError, match="`rankscope data rows code-1a2b --study …`"):
        read_rows(path, "code-1a2b")
