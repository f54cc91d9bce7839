"""The stage's second step: the training documents as sequences of equal length.

Guarantees: read one after the other, the sequences are the documents in seeded order, each ended by
the end-of-text token, with nothing repeated, padded or left out but what follows the last complete
sequence. Documents share sequences and attention crosses their borders, as in the continued
pre-training of the papers.

    document a ─────────────┐ document b ──┐ document c ──────────────────┐
    a a a a │ a a a a │ a a ⏹ b │ b b b ⏹ │ c c c c │ c c c c │ c c ⏹  (dropped)
"""

import logging
from pathlib import Path

from rankscope.artefacts.manifest import manifest
from rankscope.artefacts.reading import verified
from rankscope.data.rows import Documents
from rankscope.text.packing import pack
from rankscope.text.rows import read_rows
from rankscope.text.tokenizer import load_encoder

logger = logging.getLogger(__name__)


def write_packed(spec: Documents, rows: Path, model: Path, length: int, output: Path) -> None:
    """Pack the training split of `rows` with the tokenizer of `model`; manifest beside it.

    Raises:
        DataError: the training split is shorter than one sequence.
        ArtefactError: the rows are not there.
        ModelError: the model folder has no usable tokenizer.
    """
    named = spec.canonical() | {"length": length, "base": str(model)}
    with manifest(output.with_suffix(".json"), "data", spec.name, named) as record:
        verified(model)
        encoder = load_encoder(model)
        record.work_begins()
        documents = read_rows(rows, spec.name)
        packed, tokens = pack(documents, encoder, length, spec.seed)
        record.parquet(output, packed)
        record.results = {"sequences": packed.height, "tokens": tokens, "length": length}
        logger.info("%s: %d sequences of %d tokens", spec.name, packed.height, length)
