"""The stage's second step for instruction tuning: a mixture's examples as token ids.

Guarantees: one row per example, in the order of the mixture, none left out; what was cut is counted
in the manifest. Examples are of different length: how they become sequences is decided when they
are trained on (`train.instructions`), so that packed and padded runs share this table.
"""

import logging
from dataclasses import asdict
from pathlib import Path

import polars as pl

from rankscope.artefacts.manifest import manifest
from rankscope.artefacts.reading import verified
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
from rankscope.text.rows import read_rows

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


def write_examples(spec: Mixture, rows: Path, model: Path, length: int, output: Path) -> None:
    """Encode a mixture with the tokenizer of `model`; no example has more than `length` tokens.

    Raises:
        DataError: `length` leaves no room for prompts beside `spec.answer_tokens`.
        ArtefactError: the rows are not there.
        ModelError: the model folder has no usable tokenizer.
    """
    named = spec.canonical() | {"length": length, "base": str(model)}
    with manifest(output.with_suffix(".json"), "data", spec.name, named) as record:
        verified(model)
        encoder = load_prompt_encoder(model, limits(spec, length))
        record.work_begins()
        drawn = read_rows(rows, spec.name)
        encoded = encode(spec, drawn, encoder)
        cut = count_truncations(encoded)
        record.parquet(output, example_table(drawn, encoded))
        record.results = {
            "tokens": sum(len(each.input_ids) for each in encoded),
            "answer_tokens": sum(len(each.input_ids) - each.prompt_tokens for each in encoded),
            "truncated": asdict(cut),
        }
        logger.info(
            "%s: %d examples, %d tokens; cut: %d inputs, %d definitions, %d answers",
            *(spec.name, cut.examples, record.results["tokens"]),
            *(cut.text, cut.definition, cut.answer),
        )


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
