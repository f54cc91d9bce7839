"""Super-NaturalInstructions in a folder of one's own, or a git checkout of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rankscope.artefacts.fingerprint import refuse_changed
from rankscope.data.content import Content
from rankscope.data.niv2.checkout import checkout_commit, require_commit
from rankscope.data.niv2.collections import collection_content
from rankscope.data.niv2.source import read_tasks
from rankscope.data.niv2.tasks import Problem, Task
from rankscope.errors import DataError
from rankscope.foreign import is_folder
from rankscope.records.instructions import Niv2Tasks


def content(spec: Niv2Tasks, made_from: tuple[Path, ...]) -> Content:
    """Read the collection; the commit of a checkout is among its inputs.

    Raises:
        DataError: see `tasks`; or a split has no usable task.
        ArtefactError: other files lie there than when the study was read.
    """
    del made_from
    found = collection_content(spec.name, tasks(spec))
    commit = checkout_commit(Path(spec.path)) or "no git checkout"
    return replace(found, inputs={"commit": commit})


def tasks(spec: Niv2Tasks) -> Iterator[Task | Problem]:
    """Yield the usable tasks and the problems.

    Raises:
        DataError: there is no such folder, checkout, commit, split or category table.
        ArtefactError: other files lie there than when the study was read.
    """
    folder = Path(spec.path)
    if not is_folder(folder):
        raise DataError(
            f"{folder}: there is no such folder; give the path of a checkout of"
            " allenai/natural-instructions, or of a folder with the same layout"
        )
    if spec.commit is not None:
        require_commit(folder, spec.commit)
    refuse_changed(spec.name, spec.file_sets, spec.found)
    yield from read_tasks(folder, spec.split, spec.categories, spec.minimum_instances)
