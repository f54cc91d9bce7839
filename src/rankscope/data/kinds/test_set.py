"""Test items of one kind, drawn from a collection of tasks."""

from pathlib import Path

from rankscope.data.content import Content
from rankscope.data.niv2.draws import collection_folder, draw_content, draw_test, read_pools
from rankscope.records.instructions import TestSet


def content(spec: TestSet, made_from: tuple[Path, ...]) -> Content:
    """Draw the items and render their prompts.

    Raises:
        ArtefactError: the collection is not there.
        DataError: it has too few tasks.
    """
    tasks = collection_folder(spec, made_from)
    return draw_content(spec, draw_test(spec, read_pools(tasks)), tasks, split=spec.kind)
