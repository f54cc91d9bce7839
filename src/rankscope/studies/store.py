"""The records of what a workflow was started with, one file each: what its jobs read.

Guarantees: a record is kept under its name, which covers all that it says, so that a file is never
overwritten and an edited study leaves those of an earlier start as they are. A job reads its own
record and nothing else: no study is unfolded for it. A record that says something else than its
name, because another version of rankscope wrote it, is refused. Not here: what a person may call an
artefact (`studies.find`).
"""

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from rankscope.artefacts import layout
from rankscope.artefacts.disk import writing
from rankscope.artefacts.files import temporary_path
from rankscope.errors import StudyError
from rankscope.records.record import Artefact

if TYPE_CHECKING:
    from rankscope.records.study import Study


def keep(records: Iterable[Artefact]) -> None:
    """Write those records that are not there yet, each whole or not at all.

    Raises:
        ArtefactError: they cannot be written here.
    """
    folder = Path(layout.RECORDS)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        there = {path.name for path in folder.iterdir()}
        for record in records:
            path = Path(layout.record(record.name))
            if path.name in there:
                continue
            # not flushed to disk one by one: thousands are written at once, and what a power cut
            # leaves of one does not have its name
            temporary = temporary_path(path)
            temporary.write_bytes(to_json({"verb": record.verb, "record": record}))
            temporary.replace(path)


def is_kept(path: str | Path) -> bool:
    """Say whether a path is that of a record and not of a study file."""
    return Path(path).match(layout.record("*"))


def kept(name: str) -> Artefact | None:
    """Return the record called `name`; None where there is no file of that name.

    Raises:
        StudyError: the file is damaged, or of another version of rankscope.
    """
    path = Path(layout.record(name))
    return read_record(path) if path.name == f"{name}.json" and path.is_file() else None


def kept_study(path: str | Path) -> "Study":
    """Return the study whose record is in a file.

    Raises:
        StudyError: there is none, it is damaged, of another version, or of something else.
    """
    from rankscope.records.study import Study

    record = read_record(Path(path))
    if not isinstance(record, Study):
        raise StudyError(f"{path}: this is the record of {record.name}, and not of a study")
    return record


def read_record(path: Path) -> Artefact:
    """Return the record in a file.

    Raises:
        StudyError: there is none, it is damaged, or of another version of rankscope.
    """
    try:
        content = from_json(path.read_bytes())
        adapter: TypeAdapter[Any] = TypeAdapter(_type_made_by(content["verb"]))
        record: Artefact = adapter.validate_json(to_json(content["record"]), strict=True)
    except OSError as error:
        text = f"{path}: this record cannot be read ({error.strerror})"
        raise StudyError(f"{text}; start snakemake again, which writes it anew") from None
    except (ValueError, KeyError, TypeError):
        raise _of_another_version(path) from None
    if record.name != path.stem:
        raise _of_another_version(path)
    return record


def _of_another_version(path: Path) -> StudyError:
    return StudyError(
        f"{path}: this record was written by another version of rankscope, or damaged since; start"
        " snakemake again, which names its records anew, or delete the file if this says it again"
    )


def _type_made_by(verb: str) -> Any:
    """The records that a verb makes artefacts of; imported as they are needed."""
    module, name = {
        "data rows": ("data", "DataSpec"),
        "data pack": ("packed", "Packed"),
        "base model": ("runs", "TrainedBase"),
        "base version": ("measurements", "Published"),
        "train": ("runs", "Run"),
        "evaluate predict": ("measurements", "Answers"),
        "evaluate score": ("measurements", "Scores"),
        "spectra base": ("spectra", "Decomposition"),
        "spectra run": ("spectra", "Spectra"),
        "report": ("study", "Study"),
    }[verb]
    return getattr(import_module(f"rankscope.records.{module}"), name)
