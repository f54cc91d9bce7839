"""What a cheap rule follows: its modules, what they import of their package, what lies beside."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rankscope.errors import RankscopeError
from rankscope.workflow.source_hash import followed, source_hash

REPOSITORY = Path(__file__).parents[3]
VERBS = ("tables", "claims", "figures", "page")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A page that imports a number inside a function, and a module that nobody imports."""
    folder = tmp_path / "house" / "report"
    folder.mkdir(parents=True)
    for name in ("__init__", "report/__init__"):
        (tmp_path / "house" / f"{name}.py").touch()
    (folder / "page.py").write_text(
        "def page():\n    from house.report.numbers import one\n    return one\n", "utf-8"
    )
    (folder / "numbers.py").write_text("one = 1\n", "utf-8")
    (folder / "other.py").write_text("two = 2\n", "utf-8")
    (folder / "page.css").write_text("body {}", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    assert "house" not in sys.modules  # nothing was imported to be hashed


@pytest.mark.parametrize(
    ("name", "is_followed"),
    [("page.py", True), ("numbers.py", True), ("page.css", True), ("other.py", False)],
)
def test_an_edit_of_what_is_used_changes_the_hash(
    package: Path, name: str, is_followed: bool
) -> None:
    before = source_hash("house.report.page")
    assert source_hash("house.report.page") == before
    with (package / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert (source_hash("house.report.page") != before) == is_followed


def test_an_unknown_module_is_refused() -> None:
    with pytest.raises(RankscopeError, match=r"rankscope\.nowhere: there is no such module"):
        source_hash("rankscope.nowhere")


def modules_of_verb(verb: str) -> set[str]:
    """Modules of the report that the verb of that name imports, by its source."""
    tree = ast.parse((REPOSITORY / "src/rankscope/report/cli.py").read_text("utf-8"))
    (body,) = (
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == verb
    )
    return {
        str(node.module)
        for node in ast.walk(body)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("rankscope.report.")
    }


@pytest.mark.parametrize("verb", VERBS)
def test_a_rule_of_the_report_follows_every_module_that_its_verb_uses(verb: str) -> None:
    """Its own, or those of the verbs before it, whose outputs it reads."""
    rules = (REPOSITORY / "workflow/rules/report.smk").read_text("utf-8")
    entries = {
        name: re.findall(
            r'"(rankscope\.[\w.]+)"',
            rules.split(f"rule report_{name}:")[1].split("\nrule ")[0],
        )
        for name in VERBS
    }
    before = VERBS[: VERBS.index(verb) + 1]
    covered = followed(*(module for name in before for module in entries[name]))
    assert set(followed(*modules_of_verb(verb))) <= set(covered)


def test_an_edited_figure_redraws_figures_and_page_alone() -> None:
    figure = "rankscope.report.chapters.intruders.counts"
    assert figure in followed("rankscope.report.chapters.figures")
    assert figure in followed("rankscope.report.page.build")
    assert figure not in followed("rankscope.report.evidence.tables")
    assert figure not in followed("rankscope.report.chapters.claims")
