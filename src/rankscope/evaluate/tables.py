"""The tidy tables of the evaluate stage: which columns, in which order, of which type.

Guarantees: all predictions begin with the same columns, and every table of scores has exactly the
same ones, empty tables included, so that all of them can be scanned together. The columns of its
own that a kind of evaluation adds to its predictions stand in its module (`evaluate.kinds`).
"""

from typing import Any

import polars as pl

from rankscope.records.keys import KEYS

# Every prediction begins with these.
COMMON: dict[str, Any] = KEYS | {
    "evaluation": pl.String,
    "kind": pl.String,
    "measures": pl.String,
    "item": pl.String,
}

SCORES: dict[str, Any] = KEYS | {
    "evaluation": pl.String,
    "measures": pl.String,
    "metric": pl.String,
    "spelling": pl.String,
    "higher_is_better": pl.Boolean,
    "unit": pl.String,
    "side": pl.Boolean,
    "largest": pl.Float64,
    "item": pl.String,
    "score": pl.Float64,
    "weight": pl.Float64,
    "task": pl.String,
    "category": pl.String,
}
