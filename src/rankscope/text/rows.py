"""Reading the rows of a data variant that an earlier job wrote."""

from pathlib import Path

import polars as pl

from rankscope.artefacts.reading import exists, read_parquet
from rankscope.errors import ArtefactError


def read_rows(path: Path | None, name: str) -> pl.DataFrame:
    """Read the rows of a data variant that an earlier job wrote.

    Raises:
        ArtefactError: they are not there, or not what was written.
    """
    return read_parquet(_existing(path, name))


def _existing(path: Path | None, name: str) -> Path:
    if path is None or not exists(path):
        raise ArtefactError(
            f"{path}: the rows of data variant {name} are missing; make them with"
            f" `rankscope data rows {name} --study …`"
        )
    return path
