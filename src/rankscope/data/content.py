"""What the data stage makes of a variant, before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Content:
    """The rows of a variant, and what stands beside them.

    `results` are counts for the manifest, `inputs` what it was made from besides other rows;
    `tables` and `pages` (HTML) are for people, under their names in the variant's folder.
    """

    rows: pl.DataFrame
    results: dict[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Encoded:
    """What a run is trained on, as token ids, and counts for the manifest."""

    table: pl.DataFrame
    results: dict[str, Any]
