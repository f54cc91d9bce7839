"""Checks of the runs against the base and the size of the data."""

from collections.abc import Iterator

from rankscope.artefacts.fingerprint import regular_files_of
from rankscope.check.sizes import training_sequences
from rankscope.check.subject import Subject
from rankscope.records.data import TextFiles
from rankscope.records.instructions import Mixture
from rankscope.records.labelled import LabelledText
from rankscope.records.methods import Lora
from rankscope.records.runs import Run
from rankscope.studies.form import LoraBlock
from rankscope.studies.mistakes import shown, suggestion
from rankscope.studies.source import Mistake
from rankscope.train.machine import missing_library


def ranks(subject: Subject) -> Iterator[Mistake]:
    """A rank above a matrix's dimension limits nothing, and needs an explicit word."""
    for place, run in subject.one_run_per_block_and_rank():
        method = run.method
        if subject.shape is None or not isinstance(method, Lora):
            continue
        targets = subject.shape.targets(method)
        if method.allow_rank_above_dimension or not targets:
            continue
        smallest = min(targets, key=lambda matrix: matrix.smaller_dimension)
        if method.rank > smallest.smaller_dimension:
            yield Mistake(
                subject.entry((*place, "rank"), method.rank),
                f"{method.rank} is above the smaller dimension of {smallest.module}"
                f" ({smallest.rows} × {smallest.columns}), so that its update has no rank"
                f" limit; allowed: at most {smallest.smaller_dimension}, or add"
                " `allow_rank_above_dimension: true` to the block",
            )


def libraries(subject: Subject) -> Iterator[Mistake]:
    """Quantised bases and the optimizers of bitsandbytes need bitsandbytes."""
    for place, run in subject.one_run_per_block_and_rank():
        missing = missing_library(run)
        if missing:
            quantised = run.method.quantisation is not None
            key = (*place, "quantisation") if quantised else subject.recipe_key(place, "optimizer")
            yield Mistake(key, missing)


def target_modules(subject: Subject) -> Iterator[Mistake]:
    """Each name of `target_modules` matches something in the base."""
    for number, block in enumerate(subject.file.grid):
        if subject.shape is None or not isinstance(block, LoraBlock):
            continue
        names = block.target_modules
        known = subject.shape.module_names
        for entry, name in enumerate(() if isinstance(names, str) else names):
            alone = Lora(rank=1, alpha=1.0, target_modules=(name,))
            if not subject.shape.targets(alone):
                yield Mistake(
                    ("grid", number, "target_modules", entry),
                    f"{shown(name)} matches no linear layer of the base"
                    f"{suggestion(name, known)}; allowed: all-linear, or names among"
                    f" {', '.join(known)}",
                )


def lengths(subject: Subject) -> Iterator[Mistake]:
    """A sequence fits into the base's context."""
    limit = subject.context
    for place, run in subject.one_run_per_block_and_rank():
        length = run.recipe.sequence_length
        if limit is not None and length > limit:
            yield Mistake(
                subject.recipe_key(place, "sequence_length"),
                f"{length} is above the base's context of {limit} tokens; allowed: at most {limit}",
            )
        answer = run.data.answer_tokens if isinstance(run.data, Mixture) else 0
        if length <= answer:
            yield Mistake(
                subject.recipe_key(place, "sequence_length"),
                f"{length} tokens leave no room for prompts beside the `answer_tokens: {answer}` of"
                f" {subject.label(run.data)}; allowed: more than {answer}",
            )


def packing(subject: Subject) -> Iterator[Mistake]:
    """Only the examples of a mixture can be laid out one way or another."""
    for place, run in subject.one_run_per_block_and_rank():
        for key in ("packing", "prompt_loss"):
            if getattr(run.recipe, key) and not isinstance(run.data, Mixture):
                has = "documents, which fill their sequences anyhow"
                if isinstance(run.data, LabelledText):
                    has = "labelled texts, which are padded"
                yield Mistake(
                    subject.recipe_key(place, key),
                    f"{subject.label(run.data)} has {has}; `{key}` is for mixtures: remove it",
                )


def batches(subject: Subject) -> Iterator[Mistake]:
    """The training data fills at least one batch, as far as its size is known."""
    for place, run in subject.one_run_per_block_and_rank():
        batch, length = run.recipe.batch_size, run.recipe.sequence_length
        sequences, size = training_sequences(run), _largest_training_size(run)
        if sequences is not None:
            is_packed = run.data.trained_as == "sequences"
            unit = "fills {:,} sequences" if is_packed else "has {:,} examples"
            holds, most = unit.format(sequences), sequences
        elif size is not None:
            # a token has at least one byte
            holds, most = f"has {size:,} bytes at most", size // length
        else:
            continue
        if batch > most:
            smaller = f"at most {most}, shorter" if most else "shorter"
            yield Mistake(
                subject.recipe_key(place, "batch_size"),
                f"a batch of {batch} sequences of {length} tokens is more than all training data:"
                f" {subject.label(run.data)} {holds}; allowed: {smaller} sequences, or more data",
            )


def _largest_training_size(run: Run) -> int | None:
    """An upper bound of the training text in bytes, where there is one."""
    data = run.data
    if isinstance(data, Mixture | LabelledText):
        return None
    sizes = [] if data.max_bytes is None else [data.max_bytes]
    if isinstance(data, TextFiles):
        files = [path for files in data.file_sets for path in regular_files_of(files)]
        # parquet is compressed: its size bounds nothing
        if not any(path.suffix == ".parquet" for path in files):
            plain = [path for path in files if path.suffix in (".txt", ".jsonl")]
            sizes += [sum(path.stat().st_size for path in plain)] if plain else []
    return min(sizes, default=None)
