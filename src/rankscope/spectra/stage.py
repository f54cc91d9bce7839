"""The spectra stage: decompose a base once, then analyse every kept step of every run on it.

Guarantees: one matrix in memory at a time; the base decomposition is resumable matrix by matrix; a
run's tables appear together or not at all; a run without kept steps (diverged at once) gives empty
tables with the right columns. Neither transformers nor peft is imported: process start-up would
cost more than the analysis of a small model.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from rankscope.artefacts.files import replacing_folder, write_parquet
from rankscope.artefacts.manifest import manifest
from rankscope.progress import Progress
from rankscope.spectra import cache
from rankscope.spectra.adapters import open_tuned
from rankscope.spectra.analysis import Wanted, analyse_matrix
from rankscope.spectra.arrays import to_device
from rankscope.spectra.decomposition import decompose, orient
from rankscope.spectra.matrices import Model, open_model
from rankscope.spectra.tables import SpectraTables, TableBuilder

logger = logging.getLogger(__name__)

RUN_KEYS: dict[str, Any] = {
    "run": pl.String, "base": pl.String, "data": pl.String, "method": pl.String,
    "rank": pl.Int64, "seed": pl.Int64, "step": pl.Int64,
}  # fmt: skip


def decompose_base(
    model_folder: Path,
    out: Path,
    name: str,
    precision: Literal["f64", "f32"] = "f64",
    device: str = "cpu",
) -> None:
    """Decompose every matrix of a base model into `out`, one file each; existing ones are kept.

    Raises:
        ModelError: the model cannot be read.
    """
    spec = {"model": str(model_folder), "precision": precision}
    with manifest(out / "run.json", "base", name, spec) as record:
        model = open_model(model_folder)
        record.work_begins()
        progress = Progress(f"decomposing {name}", len(model.matrices))
        for matrix in model.matrices:
            path = cache.cache_file(out, matrix.name)
            if not path.is_file():
                weight = to_device(model.read(matrix), device)
                cache.save(path, decompose(orient(weight)), precision)
            progress.advance(note=matrix.name)
        files = [cache.cache_file(out, matrix.name) for matrix in model.matrices]
        record.results = {
            "matrices": len(files),
            "bytes": sum(path.stat().st_size for path in files),
        }


def analyse_steps(
    model: Model,
    spectra: Path,
    steps: Mapping[int, Path],
    keys: Mapping[str, Any],
    wanted: Wanted,
    device: str = "cpu",
) -> SpectraTables:
    """Analyse the tuned weights in the folders `steps` (step → adapter or checkpoint).

    `keys` are the key columns of the run, without `step`.

    Raises:
        ModelError: a folder does not fit the base.
        ArtefactError: the base decomposition lacks a matrix or belongs to another base.
    """
    builder = TableBuilder(RUN_KEYS, wanted)
    versions = {step: open_tuned(folder, model) for step, folder in sorted(steps.items())}
    matrices = {matrix.name: matrix for tuned in versions.values() for matrix in tuned.matrices}
    progress = Progress(f"spectra of {keys['run']}", len(matrices))
    for matrix in matrices.values():
        weight = model.read(matrix).astype(np.float64)
        base = cache.load(cache.cache_file(spectra, matrix.name), weight, device)
        changed = {step: tuned for step, tuned in versions.items() if matrix in tuned.matrices}
        updates = [tuned.update(matrix, weight) for tuned in changed.values()]
        analyses = analyse_matrix(weight, base, updates, wanted, device)
        for (step, tuned), analysis in zip(changed.items(), analyses, strict=True):
            key = [keys.get(column) for column in RUN_KEYS][:-1]
            builder.add((*key, step), matrix, tuned.precision(matrix), analysis)
        progress.advance(note=matrix.name)
    return builder.tables()


def analyse_run(
    model_folder: Path,
    spectra: Path,
    steps: Mapping[int, Path],
    out: Path,
    keys: Mapping[str, Any],
    wanted: Wanted,
    device: str = "cpu",
) -> None:
    """Write the spectral tables of one run to the folder `out`.

    Raises:
        ModelError: a step's folder does not fit the base.
        ArtefactError: the base decomposition lacks a matrix or belongs to another base.
    """
    spec = {
        "ks": list(wanted.ks),
        "epsilons": list(wanted.epsilons),
        "similarity_size": wanted.similarity_size,
    }
    with (
        replacing_folder(out) as temporary,
        manifest(temporary / "run.json", "spectra", str(keys["run"]), spec) as record,
    ):
        record.inputs = {"spectra": str(spectra)} | {
            str(step): str(folder) for step, folder in steps.items()
        }
        record.work_begins()
        tables = analyse_steps(open_model(model_folder), spectra, steps, keys, wanted, device)
        for table, rows in tables.items():
            write_parquet(temporary / f"{table}.parquet", rows)
            record.outputs[table] = f"{table}.parquet"
        record.results = {"steps": sorted(steps), "matrices": tables.matrices.height}
