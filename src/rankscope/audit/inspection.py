"""Auditing published adapters and checkpoints: any number of versions of one base, no training.

Guarantees: everything is checked against the base before work starts; one matrix per worker is in
memory at a time; matrices are analysed in parallel, tables come in the order of the model. With a
cache folder, base decompositions are read from it, and written to it where they are missing; none
that is there is written again.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from rankscope.artefacts.files import write_parquet
from rankscope.errors import ModelError
from rankscope.spectra import cache
from rankscope.spectra.cache import Precision
from rankscope.spectra.engine.analysis import MatrixAnalysis, analyse_matrix, analyse_without_base
from rankscope.spectra.engine.choice import decompose_base
from rankscope.spectra.engine.comparer import leading
from rankscope.spectra.engine.measures import KNOWN
from rankscope.spectra.engine.parts.arrays import to_device
from rankscope.spectra.engine.parts.decomposition import BaseSpectrum, decompose, orient
from rankscope.spectra.parallel import default_workers, run_all
from rankscope.spectra.tables import SpectraTables, TableBuilder
from rankscope.weights.adapters.adapters import open_tuned
from rankscope.weights.adapters.merging import readable
from rankscope.weights.matrices import Matrix, Model, open_model
from rankscope.weights.sources import Source, describe, is_fetched
from rankscope.weights.updates import Tuned, Update

logger = logging.getLogger(__name__)

_KEYS: dict[str, Any] = {"adapter": pl.String}


@dataclass(frozen=True)
class Settings:
    """How to inspect: the k and ε of the counts, and the machine."""

    k: int = 10
    epsilon: float = 0.5
    similarity_size: int = 10
    workers: int | None = None
    device: str = "cpu"
    cache: Path | None = None
    precision: Precision = "f64"

    @property
    def ks(self) -> tuple[int]:
        """The grid of counts has one cell."""
        return (self.k,)

    @property
    def epsilons(self) -> tuple[float]:
        """Its other side."""
        return (self.epsilon,)


@dataclass(frozen=True)
class _Piece:
    """One matrix of all versions that change it: what one worker needs."""

    model: Model
    matrix: Matrix
    versions: tuple[tuple[str, Tuned], ...]
    settings: Settings


def inspect_versions(base: Path, sources: Sequence[Source], settings: Settings) -> SpectraTables:
    """Analyse every matrix of every version against the base.

    Raises:
        ModelError: a version does not fit the base, or a file cannot be read.
        ArtefactError: the cache belongs to another base, holds less than the asked precision, or
            has no room.
    """
    model = open_model(base)
    versions = [(source.label, open_tuned(source.folder, model)) for source in sources]
    matrices = {matrix.name: matrix for _, tuned in versions for matrix in tuned.matrices}
    changing: dict[str, list[tuple[str, Tuned]]] = {name: [] for name in matrices}
    for label, tuned in versions:
        for matrix in tuned.matrices:
            changing[matrix.name].append((label, tuned.only(matrix)))
    pieces = [
        _Piece(model.only(matrix), matrix, tuple(changing[matrix.name]), settings)
        for matrix in matrices.values()
    ]
    if settings.cache is not None:
        cache.prepare(settings.cache, list(matrices.values()), settings.precision)
    builder = TableBuilder(_KEYS, settings)
    workers = settings.workers or default_workers(
        sum(rows * columns for rows, columns in (matrix.shape for matrix in matrices.values()))
    )
    results = run_all(_analyse_piece, pieces, workers, "inspecting", _read_ahead)
    for piece, analyses in zip(pieces, results, strict=True):
        for (label, tuned), analysis in zip(piece.versions, analyses, strict=True):
            stored = tuned.precision(piece.matrix), model.precision(piece.matrix)
            builder.add((label,), piece.matrix, *stored, analysis)
    for label, tuned in versions:
        builder.leave_out((label,), tuned.left_out)
    return builder.tables()


def _read_ahead(piece: _Piece) -> None:
    piece.model.read_ahead(piece.matrix)
    if piece.settings.cache is not None:
        cache.read_ahead(cache.cache_file(piece.settings.cache, piece.matrix.cache_key))


def _analyse_piece(piece: _Piece) -> list[MatrixAnalysis]:
    weight = piece.model.read(piece.matrix)
    updates = _updates(piece, weight)
    settings = piece.settings
    needed = leading(settings, min(weight.shape))
    cached = settings.cache is not None
    if not decompose_base(min(weight.shape), len(piece.versions), needed, cached):
        return list(analyse_without_base(weight, updates, settings, settings.device))
    return list(analyse_matrix(weight, _base_of(piece, weight), updates, settings, settings.device))


def _updates(piece: _Piece, weight: np.ndarray) -> Iterator[Update]:
    for label, tuned in piece.versions:
        update = tuned.update(piece.matrix, weight)
        if not update.is_finite:
            raise ModelError(
                f"{label}: {piece.matrix.name} holds NaN or infinity: the training diverged"
            )
        yield update


def _base_of(piece: _Piece, weight: np.ndarray) -> BaseSpectrum:
    settings = piece.settings
    if settings.cache is None:
        return decompose(to_device(orient(weight), settings.device))
    path = cache.cache_file(settings.cache, piece.matrix.cache_key)
    if not path.is_file():
        base = decompose(to_device(orient(weight), settings.device))
        cache.save(path, base, weight, settings.precision)
    return cache.load(path, weight, settings.device)


def matrix_rows(tables: SpectraTables, settings: Settings) -> pl.DataFrame:
    """One row per adapter and matrix: shape, rank, intruders, undecided vectors, ΔW's measures.

    `intervals` counts the vectors of both sides whose largest cosine is no value (`vector_rows`).
    """
    counts = tables.intruders.pivot("side", index=["adapter", "matrix"], values="intruders").rename(
        {"left": "intruders_left", "right": "intruders_right"}
    )
    is_open = (pl.col("max_cosine") - settings.epsilon).abs() <= pl.col("error_bound")
    open_vectors = (
        tables.vectors.filter(pl.col("j") <= settings.k)
        .group_by("adapter", "matrix")
        .agg(
            is_open.sum().alias("undecided"),
            (pl.col("error_bound") > KNOWN).sum().alias("intervals"),
        )
    )
    keys = ["adapter", "matrix"]
    return (
        tables.matrices.with_columns(changed=pl.col("frobenius_norm") != 0)
        .join(counts, on=keys, how="left", maintain_order="left")
        .join(open_vectors, on=keys, how="left", maintain_order="left")
        .rename({"update_rank": "rank", "way": "method"})
        .select(
            *keys, "module_type", "layer", "rows", "columns", "rank", "intruders_left",
            "intruders_right", "undecided", "intervals", "effective_rank", "rank90",
            "rank90_of_noise", "frobenius_norm", "spectral_norm", "base_frobenius_norm",
            "changed", "precision", "base_precision", "method",
        )
    )  # fmt: skip


def vector_rows(tables: SpectraTables, k: int) -> pl.DataFrame:
    """One row per adapter, matrix, side and each of the k leading vectors.

    Where `is_interval`, `max_cosine` is no value but the middle of an interval, `max_cosine` ±
    `error_bound`, that holds it: enough to decide whether the vector is an intruder.
    """
    # the similarity maps may have needed more of them
    asked = tables.vectors.filter(pl.col("j") <= k).with_columns(
        is_interval=pl.col("error_bound") > KNOWN
    )
    return asked.rename({"way": "method"}).select(
        "adapter", "matrix", "side", "j", "sigma", "max_cosine", "is_interval", "base_index",
        "error_bound", "method",
    )  # fmt: skip


def similarity_rows(tables: SpectraTables) -> pl.DataFrame:
    """One row per adapter, matrix, side and pair of base vector i and tuned vector j."""
    return tables.similarity.select("adapter", "matrix", "side", "i", "j", "cosine")


def inspect_and_write(
    base: Path, sources: Sequence[Source], settings: Settings, out: Path | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Inspect; with `out`, write the four tables there as parquet, and `index.html`.

    Returns the rows of `matrices.parquet` and of `left_out.parquet`.

    Raises:
        ModelError: a version does not fit the base, or a file cannot be read.
        ArtefactError: the cache belongs to another base, holds less than the asked precision, or
            has no room.
    """
    with readable(sources, base) as prepared:
        tables = inspect_versions(base, prepared, settings)
    matrices = matrix_rows(tables, settings)
    if out is not None:
        from rankscope.audit.page import Inspected, write_page

        write_parquet(out / "vectors.parquet", vector_rows(tables, settings.k))
        write_parquet(out / "matrices.parquet", matrices)
        write_parquet(out / "similarity.parquet", similarity_rows(tables))
        write_parquet(out / "left_out.parquet", tables.left_out)
        page = out / "index.html"
        origins = {
            source.label: describe(source.folder) for source in sources if is_fetched(source.folder)
        }
        inspected = Inspected(describe(base), origins, settings.k, settings.epsilon)
        write_page(page, inspected, tables, matrices)
        logger.info("wrote %s", page)
    return matrices, tables.left_out
