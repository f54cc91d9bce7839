"""The spectra stage: decompose a base once, then analyse every kept step of every run on it.

Guarantees: one matrix per worker in memory; a base decomposition is resumable matrix by matrix and
appears whole, as a run's tables do; a run without kept steps (diverged at once) gives empty tables
with the right columns, and a weight with NaN or infinity has no rows. Neither transformers nor peft
is imported: process start-up would cost more than the analysis of a small model.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rankscope.artefacts.disk import writing
from rankscope.artefacts.manifest import manifest
from rankscope.artefacts.reading import intact_files, verified
from rankscope.progress import Progress
from rankscope.records.keys import KEYS, VERSION_KEYS
from rankscope.spectra import cache
from rankscope.spectra.engine.analysis import analyse_matrix
from rankscope.spectra.engine.comparer import Wanted
from rankscope.spectra.engine.parts.arrays import to_device
from rankscope.spectra.engine.parts.decomposition import BaseSpectrum, decompose, orient
from rankscope.spectra.parallel import run_all
from rankscope.spectra.tables import SpectraTables, TableBuilder
from rankscope.weights.adapters.adapters import open_tuned
from rankscope.weights.matrices import Matrix, Model, open_model
from rankscope.weights.updates import Tuned, Update

logger = logging.getLogger(__name__)


def decompose_base(
    model_folder: Path,
    out: Path,
    resume: Path,
    name: str,
    precision: cache.Precision = "f64",
    device: str = "cpu",
    workers: int = 1,
) -> None:
    """Decompose every matrix of a base model into `out`, one file each.

    Work in progress lies in the folder `resume`, outside of what a workflow deletes when a job
    fails; what is there, or in an earlier `out` and still what was written, in this precision
    or better is not done again.

    Raises:
        ModelError: the model cannot be read.
        ArtefactError: the disk has no room for it.
    """
    spec = {"model": str(model_folder), "precision": precision}
    with manifest(out / "run.json", "spectra", out.name, spec) as record:
        verified(model_folder)
        model = open_model(model_folder)
        record.work_begins()
        if not resume.exists():
            _begin_with_earlier(out, resume)
        files = {matrix: cache.cache_file(resume, matrix.cache_key) for matrix in model.matrices}
        missing = [
            _Piece(model, matrix, path, precision, device)
            for matrix, path in files.items()
            if not cache.is_stored(path, precision)
        ]
        cache.make_room(resume, [piece.matrix for piece in missing], precision)
        for _ in run_all(_decompose_piece, missing, workers, f"decomposing {name}"):
            pass
        record.results = {
            "matrices": len(files),
            "bytes": sum(path.stat().st_size for path in files.values()),
        }
        record.adopt(resume, out)


def _begin_with_earlier(out: Path, resume: Path) -> None:
    """Give `resume` the files of an earlier decomposition that are still what was written."""
    with writing(resume):
        resume.mkdir(parents=True)
        for file in intact_files(out / "run.json"):
            (resume / file.name).hardlink_to(file)


@dataclass(frozen=True)
class _Piece:
    """One matrix to decompose: what a worker needs."""

    model: Model
    matrix: Matrix
    path: Path
    precision: cache.Precision
    device: str


def _decompose_piece(piece: _Piece) -> None:
    weight = to_device(piece.model.read(piece.matrix), piece.device)
    cache.save(piece.path, decompose(orient(weight)), weight, piece.precision)


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
    builder = TableBuilder(KEYS, wanted)
    versions = {step: open_tuned(folder, model) for step, folder in sorted(steps.items())}
    matrices = {matrix.name: matrix for tuned in versions.values() for matrix in tuned.matrices}
    changes = {step: {matrix.name for matrix in tuned.matrices} for step, tuned in versions.items()}
    progress = Progress(f"spectra of {keys['run']}", len(matrices))
    for matrix in matrices.values():
        weight = model.read(matrix)
        base = _base_of(matrix, spectra, weight, device)
        changed = {step: tuned for step, tuned in versions.items() if matrix.name in changes[step]}
        analysed: list[int] = []
        updates = _finite_updates(changed, matrix, weight, analysed)
        for number, analysis in enumerate(analyse_matrix(weight, base, updates, wanted, device)):
            step = analysed[number]
            key = [keys.get(column) for column in VERSION_KEYS]
            stored = changed[step].precision(matrix), model.precision(matrix)
            builder.add((*key, step), matrix, *stored, analysis)
        progress.advance(note=matrix.name)
    for step, tuned in versions.items():
        key = [keys.get(column) for column in VERSION_KEYS]
        builder.leave_out((*key, step), tuned.left_out)
    return builder.tables()


def _base_of(matrix: Matrix, spectra: Path, weight: np.ndarray, device: str) -> BaseSpectrum:
    """Load the decomposition; of a weight outside of the layers, which has none, make it."""
    path = cache.cache_file(spectra, matrix.cache_key)
    if matrix.layer is None and not path.is_file():
        return decompose(to_device(orient(weight), device))
    return cache.load(path, weight, device)


def _finite_updates(
    changed: Mapping[int, Tuned], matrix: Matrix, weight: np.ndarray, analysed: list[int]
) -> Iterator[Update]:
    """Yield the updates of one matrix step by step, and note the steps that have one."""
    for step, tuned in changed.items():
        update = tuned.update(matrix, weight)
        if update.is_finite:
            analysed.append(step)
            yield update
        else:
            logger.warning("step %d: %s is not finite, left out", step, matrix.name)


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
    with manifest(out / "run.json", "spectra", out.name, spec) as record:
        for folder in (model_folder, spectra, *steps.values()):
            verified(folder)
        record.work_begins()
        tables = analyse_steps(open_model(model_folder), spectra, steps, keys, wanted, device)
        folder = record.folder(out)
        for table, rows in tables.items():
            rows.write_parquet(folder / f"{table}.parquet")
        record.results = {"steps": sorted(steps), "matrices": tables.matrices.height}
