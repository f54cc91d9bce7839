"""The examples of a mixture as token ids.

Guarantees: one row per example, in the order of the mixture, none left out; what was cut is counted
in the manifest. Examples are of different length: how they become sequences is decided when they
are trained on (`train.feeds.examples`), so that packed and padded runs share this table.
"""

import logging
from dataclasses import asdict
from pathlib import Path

import polars as pl

from rankscope.data.content import Encoded
from rankscope.errors import DataError
from rankscope.progress import Progress
from rankscope.records.instructions import Mixture
from rankscope.text.encoding import (
    EncodedExample,
    Limits,
    PromptEncoder,
    count_truncations,
    load_prompt_encoder,
)
from rankscope.text.prompts import render

logger = logging.getLogger(__name__)

EXAMPLES = pl.Schema(
    {
        "example": pl.UInt32(),
        "task": pl.String(),
        "instance": pl.String(),
        "draw": pl.Int64(),
        "input_ids": pl.List(pl.Int32()),
        "prompt_tokens": pl.Int32(),
    }
)


def encoder(spec: Mixture, model: Path, length: int) -> PromptEncoder:
    """Return the tokenizer of `model`, which cuts prompts and answers to fit into `length` tokens.

    Raises:
        DataError: `length` leaves no room for prompts beside `spec.answer_tokens`.
        ModelError: the model folder has no usable tokenizer.
    """
    return load_prompt_encoder(model, limits(spec, length))


def encoded(spec: Mixture, rows: pl.DataFrame, encoder: PromptEncoder, length: int) -> Encoded:
    """Encode every example of a mixture."""
    del length
    examples = encode(spec, rows, encoder)
    cut = count_truncations(examples)
    tokens = sum(len(each.input_ids) for each in examples)
    logger.info(
        "%s: %d examples, %d tokens; cut: %d inputs, %d definitions, %d answers",
        *(spec.name, cut.examples, tokens, cut.text, cut.definition, cut.answer),
    )
    results = {
        "tokens": tokens,
        "answer_tokens": sum(len(each.input_ids) - each.prompt_tokens for each in examples),
        "truncated": asdict(cut),
    }
    return Encoded(example_table(rows, examples), results)


def limits(spec: Mixture, length: int) -> Limits:
    """Divide `length` tokens between prompt and answer.

    Raises:
        DataError: nothing is left for the prompt.
    """
    if length <= spec.answer_tokens:
        raise DataError(
            f"{spec.name}: a sequence_length of {length} tokens leaves no room for prompts beside"
            f" the {spec.answer_tokens} tokens of an answer; raise it, or lower `answer_tokens`"
        )
    return Limits(source=length - spec.answer_tokens, target=spec.answer_tokens)


def encode(spec: Mixture, drawn: pl.DataFrame, encoder: PromptEncoder) -> list[EncodedExample]:
    """Encode every row of a drawn mixture."""
    progress = Progress(f"{spec.name}: tokenise", drawn.height)
    encoded = []
    for definition, text, target in drawn.select("definition", "text", "target").iter_rows():
        encoded.append(encoder.encode_example(render(spec.template, definition, text), target))
        progress.advance()
    return encoded


def example_table(drawn: pl.DataFrame, encoded: list[EncodedExample]) -> pl.DataFrame:
    """Tabulate encoded examples beside the ids of their rows."""
    return drawn.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("example"),
        *("task", "instance", "draw"),
        pl.Series("input_ids", [e.input_ids for e in encoded], dtype=EXAMPLES["input_ids"]),
        pl.Series("prompt_tokens", [e.prompt_tokens for e in encoded], dtype=pl.Int32),
    )
