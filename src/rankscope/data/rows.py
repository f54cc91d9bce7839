"""The stage's first step: from a source to the table of its documents, items or tasks.

Guarantees: one row per document, item or instance, with id and hash; counts stand in the log and in
the manifest beside the table, as does what held-out documents shared with training ones
(`overlap`). Instruction data is made in `niv2.stage`.
"""

import logging
from dataclasses import asdict
from pathlib import Path

import polars as pl

from rankscope.artefacts.manifest import manifest
from rankscope.data import hub_dataset, standard_library, text_files
from rankscope.data.continuations import continuation_rows
from rankscope.data.niv2.stage import write_draws, write_tasks
from rankscope.records.data import Continuations, DataSpec, HubDataset, StandardLibrary, TextFiles
from rankscope.records.instructions import Mixture, TestSet
from rankscope.text.documents import document_rows, totals
from rankscope.text.overlap import Overlap, without_shared_text
from rankscope.text.rows import _existing, read_rows

logger = logging.getLogger(__name__)

Documents = StandardLibrary | TextFiles | HubDataset


def write_rows(spec: DataSpec, made_from: Path | None, output: Path) -> None:
    """Write the rows of a data variant and the manifest `run.json` beside them.

    `made_from` are the rows of `source_of(spec)`, which continuations are cut and mixtures drawn
    from; otherwise None.

    Raises:
        DataError: the source is missing, malformed or too small.
        ArtefactError: `made_from` is needed and not there.
    """
    if isinstance(spec, Mixture | TestSet):
        write_draws(spec, _existing(made_from, spec.tasks.name).parent, output.parent)
    elif isinstance(spec, Documents | Continuations):
        _write_documents(spec, made_from, output)
    else:
        write_tasks(spec, output.parent)


def _write_documents(spec: Documents | Continuations, documents: Path | None, output: Path) -> None:
    """Write documents, or the items cut from them."""
    with manifest(output.with_name("run.json"), "data", spec.name, spec.canonical()) as record:
        record.work_begins()
        if isinstance(spec, Continuations):
            rows = continuation_rows(spec, read_rows(documents, spec.documents.name))
            record.results = {"items": rows.height, "choices": spec.choices}
            logger.info("%s: %d items of %d choices", spec.name, rows.height, spec.choices)
        else:
            rows, overlap = document_table(spec)
            record.results = totals(rows) | {"overlap": asdict(overlap)}
            for split, total in totals(rows).items():
                logger.info(
                    "%s: %s %d documents, %.2f MB",
                    *(spec.name, split, total["documents"], total["bytes"] / 1e6),
                )
        record.parquet(output, rows)


def document_table(spec: Documents) -> tuple[pl.DataFrame, Overlap]:
    """Read, split and tabulate documents; the held-out ones without text that is trained on."""
    trained_elsewhere: list[str] = []
    if isinstance(spec, StandardLibrary):
        documents, heldout = standard_library.read(spec)
        trained_elsewhere = standard_library.trained_elsewhere(spec)
    elif isinstance(spec, TextFiles):
        documents, heldout = text_files.read(spec)
    else:
        documents, heldout = hub_dataset.read(spec)
    kept, overlap = without_shared_text(documents, heldout, trained_elsewhere)
    return document_rows(kept, heldout), overlap
