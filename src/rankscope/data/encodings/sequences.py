"""Training documents as sequences of equal length.

Guarantees: read one after the other, the sequences are the documents in seeded order, each ended by
the end-of-text token, with nothing repeated, padded or left out but what follows the last complete
sequence. Documents share sequences and attention crosses their borders, as in the continued
pre-training of the papers.

    document a ─────────────┐ document b ──┐ document c ──────────────────┐
    a a a a │ a a a a │ a a ⏹ b │ b b b ⏹ │ c c c c │ c c c c │ c c ⏹  (dropped)

For a base that is a masked language model a document stands between the tokens that its tokenizer
puts around a text, `[CLS] a a a [SEP]`, and these are cut to sequences all the same.
"""

import logging
from pathlib import Path

import polars as pl

from rankscope.data.content import Encoded
from rankscope.records.data import DocumentSpec
from rankscope.text.packing import pack
from rankscope.text.tokenizer import Encode, load_encoder, load_framing
from rankscope.weights.text_head import text_head

logger = logging.getLogger(__name__)


def encoder(spec: DocumentSpec, model: Path, length: int) -> Encode:
    """Return what encodes documents for `model`.

    Raises:
        ModelError: the model folder has no usable tokenizer.
    """
    del spec, length
    return load_encoder(model).documents if text_head(model).looks_back else load_framing(model)


def encoded(spec: DocumentSpec, rows: pl.DataFrame, encoder: Encode, length: int) -> Encoded:
    """Pack the training split of `rows`.

    Raises:
        DataError: the training split is shorter than one sequence.
    """
    packed, tokens = pack(rows, encoder, length, spec.seed)
    logger.info("%s: %d sequences of %d tokens", spec.name, packed.height, length)
    return Encoded(packed, {"sequences": packed.height, "tokens": tokens, "length": length})
