"""A mirror of Super-NaturalInstructions on the Hugging Face hub.

Guarantees: only the pinned revision is read, from the local cache if it is there.
"""

from pathlib import Path

from rankscope.artefacts.fingerprint import refuse_changed
from rankscope.data.content import Content
from rankscope.data.niv2.collections import collection_content
from rankscope.data.niv2.source import read_tasks
from rankscope.errors import DataError
from rankscope.hub import Repository, fetch
from rankscope.records.instructions import Niv2Mirror


def content(spec: Niv2Mirror, made_from: tuple[Path, ...]) -> Content:
    """Read the collection.

    Raises:
        DataError: the mirror cannot be reached and is not in the cache, it has no such split or
            category table, or a split has no usable task.
        ArtefactError: the category table is another than when the study was read.
    """
    del made_from
    refuse_changed(spec.name, spec.file_sets, spec.found)
    found = read_tasks(_downloaded(spec), spec.split, spec.categories, spec.minimum_instances)
    return collection_content(spec.name, found)


def _downloaded(spec: Niv2Mirror) -> Path:
    """Return the local copy of the mirror, fetched once at the pinned revision."""
    instead = "give a local folder: {source: niv2, path: …}"
    repository = Repository("dataset", spec.repository, spec.revision, instead)
    return fetch(repository, ("tasks/*", "splits/*", "train/*", "test/*", "*.tsv"), DataError)
