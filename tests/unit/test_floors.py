"""The floors of the house: which package may import which, and nothing runs back up.

The table below is the plan of `docs/architecture.md`. It is held against the imports of the code,
those inside functions included.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
PACKAGE = "rankscope"
MOST_FILES = 24

# Everybody may import these.
GROUND = {"errors", "foreign", "hub", "progress"}
# A package (or a module of the top folder): what else of the house it may import.
FLOORS: dict[str, set[str]] = {
    "errors": set(),
    "foreign": set(),
    "hub": set(),
    "progress": set(),
    "look": set(),
    "artefacts": set(),
    "records": set(),
    "studies": {"records", "artefacts"},
    "weights": {"records", "artefacts"},
    "text": {"records", "artefacts", "weights"},
    "data": {"records", "studies", "text", "weights", "artefacts"},
    "base": {"records", "studies", "text", "weights", "artefacts"},
    "train": {"records", "studies", "text", "weights", "artefacts"},
    "evaluate": {"records", "studies", "text", "weights", "artefacts"},
    "spectra": {"records", "studies", "weights", "artefacts"},
    "report": {"records", "studies", "text", "artefacts", "look"},
    "audit": {"weights", "spectra", "look", "artefacts"},
}
STAGES = ("data", "base", "train", "evaluate", "spectra", "report")
# these look over all stages: what is checked before, what Snakemake asks, the command line
ABOVE = {"check", "workflow", "cli", "__main__"}


@cache
def modules() -> dict[str, Path]:
    """Every module of the package under its name without the package's."""
    found = {}
    for path in sorted((SOURCE / PACKAGE).rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE / PACKAGE).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


@cache
def imports() -> tuple[tuple[str, str, str | None], ...]:
    """Every import of one of our modules by another: who, what module, which name of it."""
    return tuple(
        (name, *found)
        for name, path in modules().items()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for found in imported(node)
    )


def imported(node: ast.AST) -> Iterator[tuple[str, str | None]]:
    """What a statement imports of ours."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.split(".")[0] == PACKAGE:
                yield alias.name.removeprefix(PACKAGE).lstrip("."), None
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
        module = str(node.module).removeprefix(PACKAGE).lstrip(".")
        for alias in node.names:
            below = f"{module}.{alias.name}".lstrip(".")
            yield (below, None) if below in modules() else (module, alias.name)


def floor(module: str) -> str:
    return module.split(".")[0]


def test_a_package_imports_only_what_stands_below_it() -> None:
    wrong = {
        f"{name} imports {target}"
        for name, target, _ in imports()
        if floor(name) not in {floor(target), "", "__init__", *ABOVE}
        and floor(target) not in {"", "__init__", *GROUND, *FLOORS[floor(name)]}
    }
    assert not wrong


def test_nothing_imports_what_stands_above_all() -> None:
    wrong = {
        f"{name} imports {target}"
        for name, target, _ in imports()
        if floor(target) in ABOVE and floor(name) not in ABOVE
    }
    assert not wrong


def test_the_table_names_every_package_and_no_other() -> None:
    packages = {floor(name) for name in modules()} - {"", "__init__"}
    assert packages == set(FLOORS) | ABOVE


def test_no_stage_may_import_another() -> None:
    for stage in STAGES:
        assert not FLOORS[stage] & set(STAGES)


def test_chapters_of_the_report_never_import_each_other() -> None:
    wrong = {
        f"{name} imports {target}"
        for name, target, _ in imports()
        if (own := chapter(name)) and (other := chapter(target)) and own != other
    }
    assert not wrong


def test_no_other_part_of_the_report_knows_what_is_in_a_chapter() -> None:
    wrong = {
        f"{name} imports {target}"
        for name, target, _ in imports()
        if chapter(target) and not chapter(name)
    }
    assert not wrong


def chapter(module: str) -> str:
    """The chapter that a module belongs to; empty outside of one."""
    found = re.match(r"report\.chapters\.([a-z_]+)\.", f"{module}.")
    return found[1] if found and (SOURCE / PACKAGE / "report/chapters" / found[1]).is_dir() else ""


def test_the_table_has_no_circle() -> None:
    known: set[str] = set()
    waiting = dict(FLOORS)
    while waiting:
        free = {name for name, below in waiting.items() if below <= known}
        assert free, f"a circle among {sorted(waiting)}"
        known |= free
        waiting = {name: below for name, below in waiting.items() if name not in free}


def test_no_module_imports_itself_through_others() -> None:
    below = defaultdict(set)
    for name, target, _ in imports():
        if name != target:
            below[name].add(target)
    seen: dict[str, int] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join((*path[path.index(name) :], name))
        if name in seen:
            return
        for target in sorted(below[name]):
            visit(target, (*path, name))
        seen[name] = len(path)

    for name in modules():
        visit(name, ())


@pytest.mark.parametrize("folder", sorted({path.parent for path in modules().values()}), ids=str)
def test_no_folder_is_a_drawer(folder: Path) -> None:
    files = [path for path in folder.iterdir() if path.is_file()]
    assert len(files) <= MOST_FILES


def test_a_name_is_imported_from_where_it_is_defined() -> None:
    wrong = {
        f"{name} imports {imported_name} from {target}"
        for name, target, imported_name in imports()
        if imported_name and target in modules() and imported_name not in defined(target)
    }
    assert not wrong


@cache
def defined(module: str) -> frozenset[str]:
    """The names that a module's own statements bind, imports aside."""
    names = set()
    for node in ast.walk(ast.parse(modules()[module].read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return frozenset(names)


def test_no_module_is_named_in_a_text_to_get_round_the_table() -> None:
    pattern = re.compile(rf"{PACKAGE}(\.[a-z_]+)+")
    wrong = {
        f"{name}: {node.value}"
        for name, path in modules().items()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        and pattern.fullmatch(node.value)
    }  # fmt: skip
    assert not wrong
