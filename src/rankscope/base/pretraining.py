"""The embedded base: a small Llama-architecture decoder, pre-trained here from nothing.

Guarantees: the same spec, corpus and thread count give the same weights to the bit on one machine,
also when the job was killed and resumed in between; the folder loads with `AutoModelForCausalLM`
and `AutoTokenizer`. Not here: a training loop; that is transformers' `Trainer`. Does not aim at a
good model, but at one that has learned enough English to have something to forget.
"""

import logging
import time
from pathlib import Path
from typing import Any

import polars as pl
import torch
from torch.utils.data import TensorDataset
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)
from transformers.utils import logging as transformers_logging

from rankscope.artefacts.manifest import manifest, package_versions
from rankscope.artefacts.reading import verified
from rankscope.base.tokenizer import END_OF_TEXT_ID, save_tokenizer, train_tokenizer
from rankscope.errors import DataError, ModelError
from rankscope.records.bases import EmbeddedBase
from rankscope.text.documents import TRAIN
from rankscope.text.packing import pack
from rankscope.text.rows import read_rows
from rankscope.text.tokenizer import TextEncoder, TextTokenizer, encoder_of
from rankscope.trainer.callbacks import CheckpointByTime, ProgressLines, StopOnDivergence
from rankscope.trainer.resume import resumable

logger = logging.getLogger(__name__)

WARMUP_FRACTION = 0.05
WEIGHT_DECAY = 0.1
ADAM_BETA2 = 0.95
# wider than the usual 0.02, which is meant for wider models: a lower loss in the first steps
INITIALIZER_RANGE = 0.05


def pretrain(
    spec: EmbeddedBase, rows: Path, output: Path, resume: Path, checkpoint_seconds: float = 20.0
) -> None:
    """Train tokenizer and model on the training split of `rows`; write the folder `output`.

    The manifest `run.json` is written beside the folder. `resume` is where an attempt that is
    killed leaves what the next one goes on from.

    Raises:
        ArtefactError: the rows are missing, or another process is at work on this base.
        DataError: the corpus is too small for the tokenizer or for one batch.
        ModelError: the loss became infinite or not a number.
    """
    started = time.monotonic()
    torch.use_deterministic_algorithms(True, warn_only=True)
    transformers_logging.disable_progress_bar()
    documents = read_rows(rows, spec.corpus.name)
    inputs = {rows.as_posix(): verified(rows)}
    fingerprint = {
        "base": spec.canonical(),
        "inputs": inputs,
        "packages": package_versions(),
        "threads": torch.get_num_threads(),
    }
    path = output.with_name("run.json")
    with (
        # outermost: what a killed attempt goes on from is deleted only after the manifest is there
        resumable(resume, fingerprint) as checkpoint,
        manifest(path, "base", spec.name, spec.canonical()) as record,
    ):
        record.work_began(started)
        record.inputs |= inputs
        folder = record.folder(output)
        encoder = _tokenizer(spec, documents, folder)
        packed, tokens = pack(documents, encoder, spec.context_length, spec.seed)
        model, curve = _train(spec, packed, checkpoint, resume, checkpoint_seconds)
        model.save_pretrained(folder)
        curve.write_parquet(folder / "loss.parquet")
        record.results = {
            "parameters": sum(weight.numel() for weight in model.parameters()),
            "corpus_tokens": tokens,
            "tokens": spec.steps * spec.batch_size * spec.context_length,
            "final_loss": curve["loss"].tail(20).mean(),
        }


def _train(
    spec: EmbeddedBase, packed: pl.DataFrame, checkpoint: Path | None, folder: Path, seconds: float
) -> tuple[LlamaForCausalLM, pl.DataFrame]:
    """Return the trained model and its loss curve."""
    divergence = StopOnDivergence()
    callbacks = [ProgressLines(spec.name), CheckpointByTime(seconds), divergence]
    trainer = _trainer(spec, packed, folder, callbacks)
    if checkpoint is not None:
        logger.info("%s: resuming from %s", spec.name, checkpoint)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if divergence.diverged_at is not None:
        raise ModelError(
            f"{spec.name}: pre-training diverged at step {divergence.diverged_at};"
            f" lower base.learning_rate (now {spec.learning_rate:g})"
        )
    trainer.model.config.use_cache = True
    return trainer.model, loss_curve(spec, trainer.state.log_history)


def _tokenizer(spec: EmbeddedBase, documents: pl.DataFrame, folder: Path) -> TextEncoder:
    """Train the tokenizer, save it into `folder` and return its encoder."""
    texts = documents.filter(pl.col("split") == TRAIN)["text"]
    tokenizer = train_tokenizer(texts, spec.vocabulary_size)
    if tokenizer.get_vocab_size() < spec.vocabulary_size:
        raise DataError(
            f"{spec.corpus.name}: the corpus gives a vocabulary of {tokenizer.get_vocab_size()},"
            f" and base.vocabulary_size is {spec.vocabulary_size}; lower it or give more text"
        )
    save_tokenizer(tokenizer, folder, spec.context_length)
    return encoder_of(TextTokenizer(tokenizer), END_OF_TEXT_ID)


def new_model(spec: EmbeddedBase) -> LlamaForCausalLM:
    """Return the model with its initial weights, drawn from `spec.seed`."""
    set_seed(spec.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=spec.vocabulary_size,
            hidden_size=spec.hidden_size,
            intermediate_size=spec.intermediate_size,
            num_hidden_layers=spec.layers,
            num_attention_heads=spec.heads,
            num_key_value_heads=spec.heads,
            max_position_embeddings=spec.context_length,
            tie_word_embeddings=True,
            initializer_range=INITIALIZER_RANGE,
            bos_token_id=END_OF_TEXT_ID,
            eos_token_id=END_OF_TEXT_ID,
            pad_token_id=None,
            use_cache=False,
        )
    )


def _trainer(
    spec: EmbeddedBase, packed: pl.DataFrame, folder: Path, callbacks: list[TrainerCallback]
) -> Trainer:
    """Set up the `Trainer` on the packed corpus.

    Raises:
        DataError: there are fewer sequences than one batch holds.
    """
    if packed.height < spec.batch_size:
        raise DataError(
            f"{spec.corpus.name}: {packed.height} sequences of {spec.context_length} tokens are"
            f" fewer than base.batch_size {spec.batch_size}; give more text or lower it"
        )
    tokens = torch.tensor(packed["input_ids"].to_list(), dtype=torch.int64)
    trainer = Trainer(
        model=new_model(spec),
        args=TrainingArguments(
            output_dir=str(folder),
            max_steps=spec.steps,
            per_device_train_batch_size=spec.batch_size,
            dataloader_drop_last=True,
            dataloader_pin_memory=torch.cuda.is_available(),
            learning_rate=spec.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=round(WARMUP_FRACTION * spec.steps),
            weight_decay=WEIGHT_DECAY,
            adam_beta2=ADAM_BETA2,
            max_grad_norm=1.0,
            optim="adamw_torch",
            seed=spec.seed,
            data_seed=spec.seed,
            logging_steps=1,
            logging_nan_inf_filter=False,
            save_strategy="no",
            save_total_limit=2,
            disable_tqdm=True,
            report_to="none",
        ),
        train_dataset=TensorDataset(tokens),
        data_collator=_targets,
        callbacks=callbacks,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _targets(batch: list[tuple[torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Stack sequences; every token is a target. Shapes: (batch, context length)."""
    tokens = torch.stack([sequence for (sequence,) in batch])
    return {"input_ids": tokens, "labels": tokens}


def loss_curve(spec: EmbeddedBase, history: list[dict[str, Any]]) -> pl.DataFrame:
    """One row per optimizer step: loss in nats per token, learning rate, gradient norm, tokens."""
    rows = [entry for entry in history if "loss" in entry]
    tokens = spec.batch_size * spec.context_length
    return pl.DataFrame(
        {
            "base": [spec.name] * len(rows),
            "seed": [spec.seed] * len(rows),
            "step": [int(entry["step"]) for entry in rows],
            "loss": [float(entry["loss"]) for entry in rows],
            "learning_rate": [float(entry["learning_rate"]) for entry in rows],
            "gradient_norm": [float(entry["grad_norm"]) for entry in rows],
            "tokens": [int(entry["step"]) * tokens for entry in rows],
        }
    )
