"""Labelled texts and pairs as token ids.

Guarantees: one row per training row, in seeded order, none left out; the label is its place in the
record's `labels`. What was cut to `length` tokens is counted in the manifest.
"""

import logging
from pathlib import Path

import polars as pl

from rankscope.data.content import Encoded
from rankscope.records.labelled import LabelledText
from rankscope.text.documents import TRAIN, seeded_order
from rankscope.text.pairs import PairEncoder, load_pair_encoder

logger = logging.getLogger(__name__)

LABELLED = pl.Schema(
    {
        "example": pl.UInt32(),
        "id": pl.String(),
        "input_ids": pl.List(pl.Int32),
        "segments": pl.List(pl.Int8),
        "label": pl.Int64(),
    }
)


def encoder(spec: LabelledText, model: Path, length: int) -> PairEncoder:
    """Return the encoder of texts and pairs of `model`.

    Raises:
        ModelError: the model folder has no usable tokenizer.
    """
    del spec
    return load_pair_encoder(model, length)


def encoded(spec: LabelledText, rows: pl.DataFrame, encoder: PairEncoder, length: int) -> Encoded:
    """Encode the training rows."""
    training = {row["id"]: row for row in rows.filter(split=TRAIN).iter_rows(named=True)}
    cut = 0
    examples = []
    for number, identity in enumerate(seeded_order(training, spec.seed)):
        row = training[identity]
        pair = encoder.encode(row["text"], row["second"])
        cut += pair.is_cut
        label = spec.labels.index(row["label"])
        examples.append((number, identity, pair.input_ids, pair.segments, label))
    table = pl.DataFrame(examples, schema=LABELLED, orient="row")
    tokens = int(table["input_ids"].list.len().sum())
    logger.info(
        "%s: %d examples, %d tokens; %d cut to %d tokens",
        *(spec.name, table.height, tokens, cut, length),
    )
    return Encoded(table, {"examples": table.height, "tokens": tokens, "truncated": cut})
