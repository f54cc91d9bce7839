"""Rules of the report re-run when a module that they use is edited: hashes follow no imports."""

import ast
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
STAGE = "rankscope.report"
READS = {"tables": (), "claims": ("tables",), "figures": ("tables",),
         "page": ("tables", "claims", "figures")}  # fmt: skip


def source(module: str) -> Path:
    path = REPOSITORY / "src" / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imported(tree: ast.AST) -> set[str]:
    """Modules of the stage that a piece of code imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(STAGE):
            parts = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {part if source(part).exists() else str(node.module) for part in parts}
    return found - {STAGE}


def used(verb: str) -> set[str]:
    """All modules of the stage behind a verb."""
    (body,) = (
        node for node in ast.parse(source(f"{STAGE}.cli").read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == verb
    )  # fmt: skip
    seen: set[str] = set()
    waiting = imported(body)
    while waiting:
        module = waiting.pop()
        seen.add(module)
        waiting |= imported(ast.parse(source(module).read_text("utf-8"))) - seen
    return seen


def hashed(verb: str) -> set[str]:
    rules = (REPOSITORY / "workflow/rules/report.smk").read_text("utf-8")
    rule = rules.split(f"rule report_{verb}:")[1].split("\nrule ")[0]
    return set(re.findall(r'"(rankscope\.[\w.]+)"', rule))


@pytest.mark.parametrize("verb", READS)
def test_a_rule_follows_every_module_that_it_uses(verb):
    followed = set().union(*(hashed(each) for each in (verb, *READS[verb])))
    missing = {
        module for module in used(verb)
        if not any(module == each or module.startswith(f"{each}.") for each in followed)
    }  # fmt: skip
    assert not missing
