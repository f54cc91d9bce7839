"""Verdicts as a table: Parquet for programs, CSV beside it for people."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts.files import replacing, write_parquet
from rankscope.artefacts.reading import exists, read_parquet
from rankscope.errors import ArtefactError
from rankscope.report.verdicts.verdict import Verdict

_TYPES: dict[Any, Any] = {float: pl.Float64, float | None: pl.Float64}


def write_verdicts(verdicts: Sequence[Verdict], path: Path) -> None:
    """Write one row per verdict to `path` and to the same name with `.csv`."""
    schema = {field.name: _TYPES.get(field.type, pl.String) for field in fields(Verdict)}
    rows = pl.DataFrame([asdict(verdict) for verdict in verdicts], schema=schema)
    with replacing(path.with_suffix(".csv")) as temporary:
        rows.write_csv(temporary)
    write_parquet(path, rows)


def read_verdicts(path: Path) -> list[Verdict]:
    """Read what `write_verdicts` wrote.

    Raises:
        ArtefactError: the claims were not judged.
    """
    if not exists(path):
        raise ArtefactError(f"{path}: there are no verdicts; make its chapter, or the page, again")
    return [Verdict(**row) for row in read_parquet(path).iter_rows(named=True)]
