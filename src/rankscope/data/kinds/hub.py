"""Documents of a dataset repository of the Hugging Face hub, pinned to a revision.

Guarantees: only the named revision is read, from the local cache if it is there; without network
and cache the error says which dataset is missing and how to fetch it beforehand.
"""

from pathlib import Path

from rankscope.data.content import Content
from rankscope.data.documents import documents_content
from rankscope.data.kinds.text import text_of
from rankscope.errors import DataError
from rankscope.foreign import reading
from rankscope.records.data import HubDataset
from rankscope.text.documents import Document, capped, heldout_groups, sha256, without_duplicates


def content(spec: HubDataset, made_from: tuple[Path, ...]) -> Content:
    """Tabulate the documents of the pinned dataset.

    Raises:
        DataError: see `read`; or `max_bytes` leaves one of the splits empty.
    """
    del made_from
    return documents_content(spec.name, *read(spec))


def read(spec: HubDataset) -> tuple[list[Document], frozenset[str]]:
    """Return the documents of the pinned dataset and the groups (text hashes) that are held out.

    Raises:
        DataError: the dataset cannot be loaded, or has no such split or field.
    """
    rows = _load(spec)
    found = []
    for number, row in enumerate(rows):
        where = f"{spec.repository}, {spec.split}, row {number}"
        text = text_of(row, spec.text_field, where)
        found.append(Document(f"{spec.split}:{number}", text, spec.repository, sha256(text)))
    documents = capped(without_duplicates(found), spec.max_bytes, spec.seed)
    heldout = heldout_groups((d.group for d in documents), spec.heldout_fraction, spec.seed)
    return documents, heldout


def _load(spec: HubDataset) -> list[dict[str, object]]:
    from datasets import load_dataset

    where = f"dataset {spec.repository} at revision {spec.revision}, split {spec.split!r}"
    advice = (
        "where the hub cannot be reached, download it once on a machine with network access, or use"
        " a local folder (source: text)"
    )
    with reading(where, "it", advice, DataError):
        return load_dataset(
            spec.repository, spec.configuration, split=spec.split, revision=spec.revision
        )
