"""Tests mirror the package: a module is tested in the file of its name, at its place.

Three kinds of modules have none: `__init__` and `__main__`, which hold no logic, and the `cli` of a
package, a thin shell that `tests/stages` runs.
"""

from pathlib import Path

UNIT = Path(__file__).parent
SOURCE = UNIT.parents[1] / "src" / "rankscope"
SHELLS = {"__init__", "__main__", "cli"}


def without_tests() -> set[str]:
    """The modules that have no file of tests, as paths below the package."""
    modules = (path.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))
    return {
        module.as_posix()
        for module in modules
        if module.stem not in SHELLS
        and not (UNIT / module.parent / f"test_{module.name}").is_file()
    }


def test_every_module_has_a_file_of_tests() -> None:
    assert not without_tests()
