"""A mirror of Super-NaturalInstructions on the Hugging Face hub.

Guarantees: only the pinned revision is read, from the local cache if it is there.
"""

from pathlib import Path

from rankscope.data.content import Content
from rankscope.data.niv2.collections import collection_content
from rankscope.data.niv2.source import read_tasks
from rankscope.errors import DataError
from rankscope.records.instructions import Niv2Mirror


def content(spec: Niv2Mirror, made_from: tuple[Path, ...]) -> Content:
    """Read the collection.

    Raises:
        DataError: the mirror cannot be reached and is not in the cache, it has no such split or
            category table, or a split has no usable task.
    """
    del made_from
    found = read_tasks(_downloaded(spec), spec.split, spec.categories, spec.minimum_instances)
    return collection_content(spec.name, found)


def _downloaded(spec: Niv2Mirror) -> Path:
    """Return the local copy of the mirror, fetched once at the pinned revision."""
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                spec.repository,
                repo_type="dataset",
                revision=spec.revision,
                allow_patterns=["tasks/*", "splits/*", "train/*", "test/*", "*.tsv"],
            )
        )
    except (OSError, ValueError) as error:
        raise DataError(
            f"{spec.repository} at revision {spec.revision} is neither reachable nor in the local"
            f" cache ({error}); download it once on a machine with network access, or give a local"
            " folder: {source: niv2, path: …}"
        ) from error
