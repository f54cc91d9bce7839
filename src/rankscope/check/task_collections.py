"""Checks of the instruction-tuning data: collections of tasks, and what is asked of them."""

from collections.abc import Iterator
from pathlib import Path

from rankscope.check.files import variants
from rankscope.check.sizes import training_tasks
from rankscope.check.subject import Subject
from rankscope.errors import DataError
from rankscope.foreign import is_file, is_folder
from rankscope.records.instructions import CATEGORY_TABLE, MadeTasks, Mixture, Niv2Tasks, TestSet
from rankscope.studies.mistakes import shown
from rankscope.studies.source import Mistake, Place


def layouts(subject: Subject) -> Iterator[Mistake]:
    """A folder of tasks has one of the two layouts, its lists and tables, and the pinned commit."""
    from rankscope.data.niv2.source import has_lines

    for place, spec in variants(subject):
        if not isinstance(spec, Niv2Tasks):
            continue
        yield from (
            _lines(spec, place) if has_lines(Path(spec.path)) else _official(subject, spec, place)
        )
        if spec.categories is not None and not is_file(Path(spec.categories)):
            yield Mistake((*place, "categories"), f"there is no file {shown(spec.categories)}")
        yield from _commit(spec, place)


def sizes(subject: Subject) -> Iterator[Mistake]:
    """No mixture or test set has more tasks than there are, as far as that is known."""
    for place, spec in variants(subject):
        if not isinstance(spec, Mixture | TestSet):
            continue
        known = training_tasks(spec.tasks)
        for key, size in _task_numbers(spec):
            if known is not None and size > known:
                most = f"at most {known}"
                yield Mistake(
                    subject.entry((*place, key), size),
                    f"{size} tasks are more than {subject.label(spec.tasks)} has for training,"
                    f" {known}; allowed: {f'{most}, or all' if key == 'size' else most}",
                )


def something_to_train_on(subject: Subject) -> Iterator[Mistake]:
    """Test items, which are drawn first, leave instances of made tasks to train on."""
    for place, spec in variants(subject):
        if not isinstance(spec, Mixture) or not isinstance(spec.tasks, MadeTasks):
            continue
        tested, made = spec.test_examples_per_task, spec.tasks.instances_per_task
        if tested >= made:
            yield Mistake(
                (*place, "test_examples_per_task"),
                f"{tested} test items of a task leave nothing to train on of the"
                f" `instances_per_task: {made}` of {subject.label(spec.tasks)}; allowed: below"
                f" {made}",
            )


def _task_numbers(spec: Mixture | TestSet) -> Iterator[tuple[str, int]]:
    if isinstance(spec, TestSet):
        if spec.tasks_tested is not None:
            yield "tasks_tested", spec.tasks_tested
        return
    if spec.size != "all":
        # those nested are smaller still
        yield "size", spec.size
    else:
        yield from (("nested", size) for size in spec.nested)


def _official(subject: Subject, spec: Niv2Tasks, place: Place) -> Iterator[Mistake]:
    root = Path(spec.path)
    lists = root / "splits" / spec.split
    for kind, folder in (("tasks", root / "tasks"), ("split lists", lists)):
        if not is_folder(folder):
            yield Mistake(
                (*place, "path"),
                f"{shown(spec.path)} has no folder {folder.relative_to(root)} with the {kind};"
                f" allowed: a folder in the layout of allenai/natural-instructions"
                f"{subject.path_hint(spec.path)}",
            )
    if is_folder(root / "tasks") and not any((root / "tasks").glob("*.json")):
        yield Mistake(
            (*place, "path"), f"{shown(spec.path)} has no task: no file fits tasks/*.json"
        )
    if not is_folder(lists):
        return
    needed = {"train_tasks.txt", "test_tasks.txt"}
    missing = sorted(name for name in needed if not is_file(lists / name))
    if missing:
        whole = [
            folder.name
            for folder in sorted((root / "splits").iterdir())
            if all(is_file(folder / name) for name in needed)
        ]
        yield Mistake(
            (*place, "split"),
            f"{shown(spec.split)} lacks {' and '.join(missing)} (in {lists}); allowed: a split with"
            f" both lists: {', '.join(whole) or 'there is none'}",
        )
        return
    from rankscope.data.niv2.source import listed_tasks

    for name in sorted(needed):
        try:
            listed_tasks(lists / name)
        except DataError as error:
            yield Mistake((*place, "split"), str(error))


def _lines(spec: Niv2Tasks, place: Place) -> Iterator[Mistake]:
    table = Path(spec.path) / CATEGORY_TABLE
    if spec.categories is None and not is_file(table):
        yield Mistake(
            (*place, "categories"),
            f"{shown(spec.path)} holds JSON lines, which carry no category; allowed: a"
            f" tab-separated table with the columns task and category, named here or {table}",
        )


def _commit(spec: Niv2Tasks, place: Place) -> Iterator[Mistake]:
    from rankscope.data.niv2.checkout import checkout_commit

    if spec.commit is None or not is_folder(Path(spec.path)):
        return
    try:
        found = checkout_commit(Path(spec.path))
    except DataError as error:
        yield Mistake((*place, "commit"), str(error))
        return
    if found != spec.commit:
        there = f"at commit {found}" if found else "no git checkout"
        yield Mistake(
            (*place, "commit"),
            f"{spec.commit} is wanted, and {shown(spec.path)} is {there}; allowed:"
            f" {found or 'no `commit`'}, or check out the one that is wanted",
        )
