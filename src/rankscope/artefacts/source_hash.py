"""The hash of the code behind a cheap rule, which re-runs the rule when the code changes.

Guarantees: it covers the modules that are named and every module of their packages (of the top
folder: `report`, say) that these import, inside functions too, with the style sheets, templates and
tables that lie beside them. What other packages do is covered by what they write. Stages that are
expensive do not follow their source but the versions of their records (`records.record`), which are
part of their artefacts' names.
"""

import ast
import hashlib
from importlib.util import find_spec
from pathlib import Path

from rankscope.errors import RankscopeError


def source_hash(*modules: str) -> str:
    """Hash the source of modules: a `params` entry of a rule.

    Raises:
        RankscopeError: there is no such module.
    """
    files = {name: _source(name) for name in modules}
    for name in modules:
        if files[name] is None:
            raise RankscopeError(f"{name}: there is no such module to take the source of")
    digest = hashlib.sha256()
    for path in sorted(_with_resources(followed(*modules))):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def followed(*modules: str) -> dict[str, Path]:
    """Return the files of modules and of all that they import of their own packages, by name."""
    packages = {_package(name) for name in modules}
    found: dict[str, Path] = {}
    waiting = set(modules)
    while waiting:
        name = waiting.pop()
        path = _source(name)
        if name in found or path is None:
            continue
        found[name] = path
        imported = _imported(ast.parse(path.read_text("utf-8")))
        waiting |= {each for each in imported if _package(each) in packages}
    return found


def _package(module: str) -> str:
    """`rankscope.report` of `rankscope.report.page.build`."""
    return ".".join(module.split(".")[:2])


def _source(module: str) -> Path | None:
    """Find a module's file by its path: looked up as a module, its parents would be imported."""
    top, *parts = module.split(".")
    package = find_spec(top)
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent.joinpath(*parts)
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((each for each in candidates if each.is_file()), None)


def _imported(tree: ast.AST) -> set[str]:
    """Names that may be modules: of `from a.b import c` both `a.b` and `a.b.c`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _with_resources(files: dict[str, Path]) -> set[Path]:
    """Add what is no code in the folders of the modules."""
    beside = {
        path
        for module in files.values()
        for path in module.parent.iterdir()
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    return beside | set(files.values())
