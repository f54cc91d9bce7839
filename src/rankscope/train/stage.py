"""The train stage: one run, from encoded data and a base to its kept weights and loss curve.

Guarantees: the same run gives the same weights to the bit on the same machine and thread count,
also when it was killed and resumed in between; the manifest `run.json` is written last. A run whose
loss stops being finite, or that does not fit into memory, ends as recorded (`status` diverged or
out-of-memory) with the steps it kept until then, and is no error. Not here: a training loop; that
is transformers' `Trainer`.
"""

import logging
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import torch
from transformers import PrinterCallback, Trainer, set_seed

from rankscope.artefacts import layout
from rankscope.artefacts.manifest import Manifest, manifest, package_versions
from rankscope.artefacts.reading import verified
from rankscope.records.bases import Reference
from rankscope.records.keys import VERSION_KEYS
from rankscope.records.runs import Run
from rankscope.train.arguments import training_arguments
from rankscope.train.callbacks import (
    CheckpointByTime,
    KeepWeights,
    ProgressLines,
    StopOnDivergence,
)
from rankscope.train.feed import feed_of
from rankscope.train.leakage import refuse_leaks
from rankscope.train.machine import require
from rankscope.train.model import parameter_counts, trainable_model
from rankscope.train.resume import KEPT, resumable
from rankscope.train.saving import save
from rankscope.weights.causality import refuse_foresight
from rankscope.weights.text_head import training_head

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingFiles:
    """What a run reads and where it writes; `resume` outlives a failed attempt."""

    packed: Path
    base: Path
    run_folder: Path
    resume: Path

    @classmethod
    def of(cls, run: Run) -> "TrainingFiles":
        """Where the files of `run` lie in the layout."""
        return cls(
            packed=Path(layout.packed(run.packed.name)),
            base=Path(layout.base_model(run.trained_base.name)),
            run_folder=Path(layout.run_folder(run.name)),
            resume=Path(layout.checkpoints(run.name)),
        )


def train_run(run: Run, files: TrainingFiles, checkpoint_seconds: float = 60.0) -> None:
    """Train `run`, resuming an attempt that was killed.

    Raises:
        ArtefactError: another process is training this run.
        ModelError: the base cannot be loaded, it does not keep packed examples apart, or the
            machine lacks what the run needs.
        DataError: there is no training data.
    """
    require(run)
    torch.use_deterministic_algorithms(True, warn_only=True)
    started = time.monotonic()
    inputs = {path.as_posix(): verified(path) for path in (files.packed, files.base)}
    fingerprint = {
        "run": run.canonical(),
        "inputs": inputs,
        "packages": package_versions(),
        "threads": torch.get_num_threads(),
    }
    with (
        # outermost: what a killed run resumes from goes only after the manifest is written
        resumable(files.resume, fingerprint) as checkpoint,
        manifest(files.run_folder / "run.json", "train", run.name, run.canonical()) as record,
    ):
        record.work_began(started)
        record.inputs |= inputs
        if checkpoint is not None:
            logger.info("%s: resuming from %s", run.name, checkpoint)
        _train(run, files, checkpoint, checkpoint_seconds, record)


def _train(
    run: Run,
    files: TrainingFiles,
    checkpoint: Path | None,
    checkpoint_seconds: float,
    record: Manifest,
) -> None:
    """Train and move what was kept to its place."""
    set_seed(run.seed)
    data = feed_of(run, files.packed, files.base)
    head = training_head(run.data, files.base)
    model = trainable_model(files.base, run.method, run.recipe.precision, head, run.seed)
    trainable, total = parameter_counts(model)
    kept = files.resume / KEPT
    kept.mkdir(exist_ok=True)
    base = run.base.reference or Reference(layout.base_model(run.base.name))

    divergence = StopOnDivergence()
    trainer = Trainer(
        model=model,
        args=training_arguments(run, data, files.resume),
        train_dataset=data.dataset,
        data_collator=data.collator,
        compute_loss_func=data.loss,
        callbacks=[
            ProgressLines(run.name),
            CheckpointByTime(checkpoint_seconds),
            KeepWeights(run.recipe.kept_steps(data.steps), kept, partial(save, model, base)),
            divergence,
        ],
    )
    trainer.remove_callback(PrinterCallback)
    # only now, because the trainer has moved the model to where it computes
    if head.looks_back:
        refuse_foresight(model)
    if data.shares_rows:
        refuse_leaks(model, run.name)
    out_of_memory = False
    started = time.monotonic()
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    except torch.cuda.OutOfMemoryError as error:
        out_of_memory = True
        logger.warning("%s: out of GPU memory: %s", run.name, error)
    curve = loss_curve(run, trainer.state.log_history, data.tokens)
    record.parquet(files.run_folder / "loss.parquet", curve)
    folders = sorted(path.name for path in kept.iterdir() if path.is_dir())
    final = record.folder(files.run_folder / KEPT)
    shutil.copytree(kept, final, copy_function=_link_or_copy, dirs_exist_ok=True)
    record.status = _status(divergence.diverged_at, out_of_memory)
    record.results = {
        "status": record.status,
        "diverged_at": divergence.diverged_at,
        "steps": [int(name.rsplit("-", 1)[1]) for name in folders],
        "total_steps": data.steps,
        "predicts": head.predicts,
        "trainable_parameters": trainable,
        "total_parameters": total,
        "tokens_per_pass": data.tokens_per_pass,
        "tokens": tokens_after(trainer.state.global_step, data.tokens),
        "training_seconds": round(time.monotonic() - started, 3),
    }


def tokens_after(step: int, tokens: Sequence[int]) -> int:
    """Tokens trained on until the end of `step`, given those after every step; 0 before the first.

    A diverged run ends before its last step.
    """
    return tokens[step - 1] if step else 0


def loss_curve(run: Run, history: list[dict[str, Any]], tokens: Sequence[int]) -> pl.DataFrame:
    """One row per optimizer step: loss, learning rate, gradient norm, tokens.

    The loss is in nats per token, masked token or example, as the head's `predicts` says.
    """
    rows = [entry for entry in history if "loss" in entry]
    steps = [int(entry["step"]) for entry in rows]
    keys = run.keys()
    return pl.DataFrame(
        {
            "step": pl.Series(steps, dtype=pl.Int64),
            "loss": pl.Series([entry["loss"] for entry in rows], dtype=pl.Float64),
            "learning_rate": pl.Series(
                [entry["learning_rate"] for entry in rows], dtype=pl.Float64
            ),
            "gradient_norm": pl.Series(
                [entry.get("grad_norm") for entry in rows], dtype=pl.Float64
            ),
            "tokens": pl.Series([tokens_after(step, tokens) for step in steps], dtype=pl.Int64),
        }
    ).select(
        *(pl.lit(keys[name]).cast(kind).alias(name) for name, kind in VERSION_KEYS.items()),
        pl.all(),
    )


def _link_or_copy(source: str, target: str) -> None:
    """Give a file a second name; copy it where the two folders are on different disks."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _status(diverged_at: int | None, out_of_memory: bool) -> str:
    if out_of_memory:
        return "out-of-memory"
    return "done" if diverged_at is None else "diverged"
