"""The stage's first step: from a source to the table of its documents, items or tasks.

Guarantees: one row per document, item or instance, with id and hash; counts stand in the log and in
the manifest beside the table. Equal specs give equal bits. What a source gives is in the module of
`data.kinds` that the record's `source` names.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from rankscope.artefacts.manifest import manifest
from rankscope.data.content import Content
from rankscope.records.data import DataSpec


def source_of(spec: DataSpec) -> ModuleType:
    """Return the module of the variant's source."""
    return import_module(f"{__package__}.kinds.{spec.source.replace('-', '_')}")


def write_rows(spec: DataSpec, made_from: tuple[Path, ...], output: Path) -> None:
    """Write the rows of a data variant, what stands beside them, and the manifest `run.json`.

    `made_from` are the rows of `spec.sources`, in that order.

    Raises:
        DataError: the source is missing, malformed or too small.
        ArtefactError: rows of `made_from` are not there.
    """
    with manifest(output.with_name("run.json"), "data", spec.name, spec.canonical()) as record:
        source = source_of(spec)
        record.work_begins()
        content: Content = source.content(spec, made_from)
        record.parquet(output, content.rows)
        for name, table in content.tables.items():
            record.parquet(output.with_name(f"{name}.parquet"), table)
        for name, page in content.pages.items():
            record.file(output.with_name(f"{name}.html")).write_text(page, "utf-8")
        record.inputs |= content.inputs
        record.results = content.results
