"""What a cheap rule follows: its modules, what they import of their package, what lies beside."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rankscope.artefacts.source_hash import followed, source_hash
from rankscope.errors import RankscopeError
from rankscope.report.chapters import contents

REPOSITORY = Path(__file__).parents[3]
VERBS = ("tables", "chapter", "page")
CHAPTERS = "rankscope.report.chapters"


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
    # what is drawn follows the chapter; that it applies is for the inputs of the page
    entries["chapter"] += [f"{CHAPTERS}.training.content", f"{CHAPTERS}.contents"]
    before = VERBS[: VERBS.index(verb) + 1]
    covered = followed(*(module for name in before for module in entries[name]))
    assert set(followed(*modules_of_verb(verb))) <= set(covered)


@pytest.mark.parametrize("edited", ["counts", "associations", "summary"])
def test_an_edit_in_a_chapter_concerns_that_chapter_alone(edited: str) -> None:
    module = f"{CHAPTERS}.intruders.{edited}"
    assert module in followed(f"{CHAPTERS}.intruders.content")
    others = set(contents.CHAPTERS) - {"intruders"}
    for other in others:
        assert module not in followed(f"{CHAPTERS}.{other}.content", f"{CHAPTERS}.making")
    for entry in ("page.build", "evidence.gather", "evidence.tables"):
        assert module not in followed(f"rankscope.report.{entry}")
