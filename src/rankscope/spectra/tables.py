"""Tidy tables of spectral results: one row per fact, the same key columns first.

Guarantees: each table has fixed columns and types, also when empty, so that one pattern, such as
`scan_parquet("results/spectra/*/matrices.parquet")`, reads it for a whole laboratory.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from rankscope.spectra.engine.analysis import MatrixAnalysis
from rankscope.spectra.engine.comparer import Wanted
from rankscope.spectra.engine.comparison import SideComparison
from rankscope.spectra.engine.measures import count_intruders
from rankscope.weights.matrices import Matrix
from rankscope.weights.updates import LeftOut

_MATRIX_KEYS: dict[str, Any] = {"matrix": pl.String, "module_type": pl.String, "layer": pl.Int64}
_COLUMNS: dict[str, dict[str, Any]] = {
    "matrices": {
        "rows": pl.Int64, "columns": pl.Int64, "update_rank": pl.Int64,
        "effective_rank": pl.Float64, "rank90": pl.Int64, "rank90_of_noise": pl.Float64,
        "frobenius_norm": pl.Float64, "spectral_norm": pl.Float64,
        "base_frobenius_norm": pl.Float64, "precision": pl.String,
        "base_precision": pl.String, "way": pl.String,
    },
    "intruders": {
        "side": pl.String, "k": pl.Int64, "epsilon": pl.Float64, "intruders": pl.Int64,
    },
    "vectors": {
        "side": pl.String, "j": pl.Int64, "sigma": pl.Float64, "max_cosine": pl.Float64,
        "base_index": pl.Int64, "error_bound": pl.Float64, "way": pl.String,
    },
    "similarity": {
        "side": pl.String, "i": pl.Int64, "j": pl.Int64, "cosine": pl.Float64,
    },
}  # fmt: skip
_LEFT_OUT: dict[str, Any] = {
    "tensor": pl.String, "kind": pl.String, "shape": pl.List(pl.Int64), "changed": pl.Boolean,
    "reason": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class SpectraTables:
    """The tables of a run or an inspection.

    `matrices` has one row per version and matrix; `intruders` one per side, k and ε; `vectors` one
    per side and leading vector j; `similarity` one per pair of leading base (i) and tuned (j)
    vectors; `left_out` one row per tensor that is not analysed, and whether it differs from the
    base's.
    """

    matrices: pl.DataFrame
    intruders: pl.DataFrame
    vectors: pl.DataFrame
    similarity: pl.DataFrame
    left_out: pl.DataFrame

    def items(self) -> list[tuple[str, pl.DataFrame]]:
        """Names and tables, in order."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]


class TableBuilder:
    """Collects analyses; `keys` are the leading key columns of a version, with their types."""

    def __init__(self, keys: dict[str, Any], wanted: Wanted) -> None:
        self.keys, self.wanted = keys, wanted
        self._rows: dict[str, list[tuple[Any, ...]]] = {
            table: [] for table in _COLUMNS if table != "similarity"
        }
        self._maps: list[tuple[tuple[Any, ...], np.ndarray]] = []
        self._left_out: list[tuple[Any, ...]] = []

    def add(
        self,
        key: Sequence[Any],
        matrix: Matrix,
        precision: str,
        base_precision: str,
        analysis: MatrixAnalysis,
    ) -> None:
        """Append all rows of one matrix of one version, and how it and its base are stored."""
        prefix = (*key, matrix.name, matrix.module_type, matrix.layer)
        update, comparison = analysis.update, analysis.comparison
        self._rows["matrices"].append((
            *prefix, *matrix.shape, update.rank, update.effective_rank, update.rank90,
            update.rank90_of_noise, update.frobenius_norm, update.spectral_norm,
            analysis.base_frobenius_norm, precision, base_precision, comparison.method,
        ))  # fmt: skip
        for side, compared in (("left", comparison.left), ("right", comparison.right)):
            self._add_side((*prefix, side), compared, comparison.method)

    def leave_out(self, key: Sequence[Any], tensors: Iterable[LeftOut]) -> None:
        """Append what is not analysed of a version."""
        self._left_out.extend(
            (*key, each.name, each.kind, list(each.shape), each.changed, each.reason)
            for each in tensors
        )

    def _add_side(self, prefix: tuple[Any, ...], compared: SideComparison, method: str) -> None:
        ks, epsilons = self.wanted.ks, self.wanted.epsilons
        counts = count_intruders(compared.max_cosine, ks, epsilons).tolist()
        self._rows["intruders"].extend(
            (*prefix, k, epsilon, counts[a][b])
            for a, k in enumerate(ks)
            for b, epsilon in enumerate(epsilons)
        )
        columns = zip(
            compared.sigma.tolist(),
            compared.max_cosine.tolist(),
            (index or None for index in compared.base_index.tolist()),  # 0: not known
            compared.error_bound.tolist(),
            strict=True,
        )
        self._rows["vectors"].extend(
            (*prefix, j, *values, method) for j, values in enumerate(columns, 1)
        )
        self._maps.append((prefix, compared.similarity))

    def _similarity(self) -> pl.DataFrame:
        """One row per cell, without a Python object per cell: a map can have millions."""
        maps = [cosines for _, cosines in self._maps]
        cells = [np.indices(cosines.shape).reshape(2, -1) + 1 for cosines in maps]
        i, j = np.concatenate([np.empty((2, 0), int), *cells], axis=1)
        schema = self._schema("similarity")
        keys = {name: schema[name] for name in schema if name not in ("i", "j", "cosine")}
        of_map = pl.DataFrame([prefix for prefix, _ in self._maps], schema=keys, orient="row")
        number = np.repeat(np.arange(len(maps)), [cosines.size for cosines in maps])
        cosines = np.concatenate([np.empty(0), *(cosines.reshape(-1) for cosines in maps)])
        return of_map[number].with_columns(i=i, j=j, cosine=cosines)

    def _schema(self, table: str) -> dict[str, Any]:
        return {**self.keys, **_MATRIX_KEYS, **_COLUMNS[table]}

    def _frame(self, table: str, rows: list[tuple[Any, ...]]) -> pl.DataFrame:
        return pl.DataFrame(rows, schema=self._schema(table), orient="row")

    def tables(self) -> SpectraTables:
        """Return what was collected."""
        collected = {table: self._frame(table, rows) for table, rows in self._rows.items()}
        left_out = pl.DataFrame(self._left_out, schema={**self.keys, **_LEFT_OUT}, orient="row")
        return SpectraTables(**collected, similarity=self._similarity(), left_out=left_out)
