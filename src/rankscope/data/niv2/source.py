"""Reading Super-NaturalInstructions from a folder, in its official layout or as JSON lines.

Guarantees: every task of the split lists is either returned or named in a `Problem` with the
reason (missing, malformed, not English, empty, short, duplicate), and so is every task file that no
list names. Tasks come one at a time, training tasks first, each list in its own order, so that the
3 GB of files of the published collection are never all in memory as Python objects.
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from rankscope.data.niv2.tasks import Problem, Task, TaskSplit, parse_task
from rankscope.errors import DataError
from rankscope.foreign import is_folder, read_json, read_text, reading
from rankscope.records.instructions import CATEGORY_TABLE
from rankscope.text.lines import numbered_lines

SPLITS: tuple[TaskSplit, ...] = ("train", "test")
LINE_FIELDS = {"id", "definition", "inputs", "targets"}


class Layout(Protocol):
    """How a collection lies on the disk."""

    def listed(self, split: TaskSplit) -> list[str]:
        """Return the task names of a split, in order, repetitions included."""

    def present(self) -> set[str]:
        """Return the names of the tasks that have a file."""

    def content(self, name: str) -> Any:
        """Return the content of one task in the published schema; DataError if unreadable."""


def read_tasks(
    folder: Path, split: str, categories: str | None, minimum_instances: int
) -> Iterator[Task | Problem]:
    """Yield the usable tasks and the problems of the collection in a folder.

    Raises:
        DataError: the folder holds no collection, or lacks a split or the category table.
    """
    layout = _layout(folder, split)
    table = _categories(folder, categories)
    yield from usable(_read(layout, table), minimum_instances)


def usable(found: Iterator[Task | Problem], minimum_instances: int) -> Iterator[Task | Problem]:
    """Replace short training tasks and tasks seen before under another name by problems.

    Test tasks of any length pass: the official test set has some with fewer than 100 instances.
    """
    seen: dict[str, str] = {}
    for item in found:
        if isinstance(item, Problem):
            yield item
            continue
        count = len(item.instances)
        first = seen.setdefault(item.content_sha256, item.name)
        if first != item.name:
            detail = f"same definition and instances as {first}"
            yield Problem(item.name, item.split, "task left out", "duplicate", count, detail)
        elif item.split == "train" and count < minimum_instances:
            detail = f"{count} usable instances, {minimum_instances} wanted"
            yield Problem(item.name, item.split, "task left out", "short", count, detail)
        else:
            yield item


def _read(layout: Layout, categories: dict[str, str]) -> Iterator[Task | Problem]:
    """Read what the lists name, and say what they do not name."""
    unlisted, present, split_of = layout.present(), layout.present(), dict[str, TaskSplit]()
    for split in SPLITS:
        for name in layout.listed(split):
            unlisted.discard(name)
            if name in split_of:
                detail = f"already in the {split_of[name]} list"
                yield Problem(name, split, "task left out", "listed twice", detail=detail)
            elif name not in present:
                yield Problem(name, split, "task left out", "missing", detail="there is no file")
            else:
                yield from _parsed(layout, name, split, categories.get(name))
            split_of.setdefault(name, split)
    for name in sorted(unlisted):
        yield Problem(name, None, "task left out", "in neither the train nor the test list")


def _parsed(
    layout: Layout, name: str, split: TaskSplit, category: str | None
) -> Iterator[Task | Problem]:
    try:
        content = layout.content(name)
    except DataError as error:
        yield Problem(name, split, "task left out", "malformed", detail=str(error))
        return
    task, problems = parse_task(name, split, content, category)
    yield from problems
    if task is not None:
        yield task


# --- layouts --------------------------------------------------------------------------------------


class OfficialLayout:
    """`tasks/<name>.json` and `splits/<split>/{train,test}_tasks.txt`."""

    def __init__(self, folder: Path, split: str) -> None:
        self._tasks, self._lists = folder / "tasks", folder / "splits" / split
        for needed in (self._lists / "train_tasks.txt", self._lists / "test_tasks.txt"):
            if not needed.exists():
                there = sorted(path.name for path in (folder / "splits").glob("*"))
                raise DataError(
                    f"{needed} is missing; splits present: {', '.join(there) or 'none'}"
                )

    def listed(self, split: TaskSplit) -> list[str]:
        """Return the non-blank lines of the split's list."""
        return listed_tasks(self._lists / f"{split}_tasks.txt")

    def present(self) -> set[str]:
        """Return the stems of `tasks/*.json`."""
        return {path.stem for path in self._tasks.glob("*.json")}

    def content(self, name: str) -> Any:
        """Parse `tasks/<name>.json`."""
        return read_json(self._tasks / f"{name}.json", DataError)


class LinesLayout:
    """`train/*.jsonl` and `test/*.jsonl`, one instance and target a line (hub mirrors)."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            split: {
                path.stem.removesuffix(f"_{split}"): path
                for path in sorted((folder / split).glob("*.jsonl"))
            }
            for split in SPLITS
        }
        self._all = self._files["test"] | self._files["train"]

    def listed(self, split: TaskSplit) -> list[str]:
        """Return the tasks with a file under the split's folder."""
        return list(self._files[split])

    def present(self) -> set[str]:
        """Return all tasks with a file."""
        return set(self._all)

    def content(self, name: str) -> Any:
        """Join the lines of a task: one line per target becomes one instance per id and input.

        Fields of a wrong type are handed on as they are: `parse_task` counts such instances.
        """
        definitions: list[Any] = []
        instances: dict[str, dict[str, Any]] = {}
        path = self._all[name]
        for number, line in numbered_lines(path):
            where = f"{path}, line {number}"
            with reading(where, "this JSON", "mend the line or remove it", DataError):
                row = json.loads(line)
            missing = LINE_FIELDS - row.keys() if isinstance(row, dict) else LINE_FIELDS
            if missing:
                raise DataError(f"{where} lacks {', '.join(sorted(missing))}")
            definitions.append(row["definition"])
            # two inputs under one id are two instances: their answers are not each other's
            with reading(where, "id and inputs", "mend the line or remove it", DataError):
                key = json.dumps([row["id"], row["inputs"]])
            instance = instances.setdefault(
                key, {"id": row["id"], "input": row["inputs"], "output": []}
            )
            targets = row["targets"]
            instance["output"].extend(targets if isinstance(targets, list) else [targets])
        return {"Definition": definitions, "Instances": list(instances.values())}


def has_lines(folder: Path) -> bool:
    """Whether a folder holds a collection as JSON lines, and not in the official layout."""
    return not is_folder(folder / "tasks") and all(
        is_folder(folder / split) and any((folder / split).glob("*.jsonl")) for split in SPLITS
    )


def listed_tasks(file: Path) -> list[str]:
    """Return the names in a split list.

    Raises:
        DataError: it is no file of UTF-8 text.
    """
    lines = read_text(file, DataError).splitlines()
    return [line.strip() for line in lines if line.strip()]


def _layout(folder: Path, split: str) -> Layout:
    if is_folder(folder / "tasks"):
        return OfficialLayout(folder, split)
    if has_lines(folder):
        return LinesLayout(folder)
    raise DataError(
        f"{folder}: no Super-NaturalInstructions here; expected tasks/*.json with"
        f" splits/{split}/train_tasks.txt and test_tasks.txt, or train/*.jsonl with test/*.jsonl"
    )


def _categories(folder: Path, table: str | None) -> dict[str, str]:
    """Read the table task → category; empty if none is named and the folder has none."""
    path = Path(table) if table else folder / CATEGORY_TABLE
    if not path.exists():
        if table:
            raise DataError(f"{path}: there is no such table of categories")
        return {}
    lines = io.StringIO(read_text(path, DataError), newline="")
    with reading(path, "this table", "write it as tab-separated text", DataError):
        reader = csv.DictReader(lines, delimiter="\t")
        rows, columns = list(reader), set(reader.fieldnames or ())
    missing = {"task", "category"} - columns
    if missing:
        raise DataError(f"{path}: the header lacks the columns {', '.join(sorted(missing))}")
    return {row["task"]: row["category"] for row in rows if row["category"]}
