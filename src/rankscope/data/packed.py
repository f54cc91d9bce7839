"""The stage's second step: the rows that a run is trained on as token ids.

Guarantees: one table for a variant, a tokenizer and a length, whatever the recipes that share it.
How rows become token ids is in the module of `data.encodings` that the record's `trained_as` names.
"""

from importlib import import_module
from pathlib import Path

from rankscope.artefacts.manifest import manifest
from rankscope.artefacts.reading import verified
from rankscope.data.content import Encoded
from rankscope.errors import StudyError
from rankscope.records.data import DataSpec
from rankscope.text.rows import read_rows


def write_packed(spec: DataSpec, rows: Path, model: Path, length: int, output: Path) -> None:
    """Encode `rows` with the tokenizer of `model`, at most `length` tokens each; manifest beside.

    Raises:
        StudyError: nothing is trained on variants of this source.
        DataError: there is less than one sequence, or no room for prompts.
        ArtefactError: the rows are not there.
        ModelError: the model folder has no usable tokenizer.
    """
    if spec.trained_as is None:
        raise StudyError(
            f"{spec.name}: nothing is trained on a variant of source {spec.source}, so that it"
            " cannot be packed; allowed: documents, mixtures and labelled text"
        )
    encoding = import_module(f"{__package__}.encodings.{spec.trained_as}")
    named = spec.canonical() | {"length": length, "base": str(model)}
    with manifest(output.with_suffix(".json"), "data", output.stem, named) as record:
        verified(model)
        encoder = encoding.encoder(spec, model, length)
        record.work_begins()
        encoded: Encoded = encoding.encoded(spec, read_rows(rows, spec.name), encoder, length)
        record.parquet(output, encoded.table)
        record.results = encoded.results
