"""Text that every Python installation carries: module source, docstrings, pydoc topics.

Guarantees: nothing is imported or executed, only parsed; site-packages and test packages are never
read; `code` and `english` hold out the same modules for the same seed and fraction, so that the
held-out docstrings of one are in the training text of neither (modules copy from each other all the
same: `overlap` is asked about the training text of both). Does not give the same text under
different Python versions.
"""

import ast
import platform
import sysconfig
import tokenize
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rankscope.data.content import Content
from rankscope.data.documents import documents_content
from rankscope.errors import DataError
from rankscope.records.data import StandardLibrary
from rankscope.text.documents import Document, capped, heldout_groups, without_duplicates

TEST_FOLDERS = {"test", "tests", "idle_test"}
FOREIGN_FOLDERS = {"site-packages", "dist-packages"}
# character tables, the topics (which are English), and what describes the build machine
NO_CODE = ("encodings", "pydoc_data", "_sysconfigdata", "config-", "sitecustomize", "usercustomize")
TOPICS = "pydoc_data/topics.py"
MINIMUM_WORDS = 30
# where statements stand inside statements, in the order of the source
BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")


def content(spec: StandardLibrary, made_from: tuple[Path, ...]) -> Content:
    """Tabulate the documents of the standard library.

    Raises:
        DataError: see `read`; or `max_bytes` leaves one of the splits empty.
    """
    del made_from
    return documents_content(spec.name, *read(spec), trained_elsewhere(spec))


def read(spec: StandardLibrary) -> tuple[list[Document], frozenset[str]]:
    """Return the documents of the standard library and the groups that are held out.

    Raises:
        DataError: this is another Python than the one that read the study, or one without source.
    """
    _refuse_another_python(spec)
    root = library_folder()
    modules = list(module_files(root))
    heldout = heldout_groups((group_of(path, root) for path in modules), *_split(spec))
    if spec.content == "code":
        found = [_code(path, root) for path in modules]
    else:
        topics = list(topic_documents((root / TOPICS).read_text("utf-8")))
        heldout |= heldout_groups((topic.group for topic in topics), *_split(spec))
        english = [*docstring_documents(modules, root), *topics]
        found = list(without_repeated_paragraphs(english))
    return capped(without_duplicates(found), spec.max_bytes, spec.seed), heldout


def trained_elsewhere(spec: StandardLibrary) -> list[str]:
    """Return the training texts of the other content: what `code` trains on, `english` quotes."""
    other = "english" if spec.content == "code" else "code"
    documents, heldout = read(spec.replaced(content=other, max_bytes=None))
    return [document.text for document in documents if document.group not in heldout]


def _refuse_another_python(spec: StandardLibrary) -> None:
    running = platform.python_version()
    if spec.found is not None and spec.found != running:
        raise DataError(
            f"{spec.name}: the study was read under Python {spec.found}, and this job runs under"
            f" {running}, whose standard library is other text; let all jobs run in one environment"
        )


def _split(spec: StandardLibrary) -> tuple[float, int]:
    return spec.heldout_fraction, spec.seed


def library_folder() -> Path:
    """Return the folder of the running Python's standard library.

    Raises:
        DataError: this Python carries no source files.
    """
    root = Path(sysconfig.get_path("stdlib"))
    if not (root / TOPICS).exists():
        raise DataError(
            f"{root}: this Python's standard library has no source files (pydoc_data/topics.py is"
            " missing); use a regular CPython installation"
        )
    return root


def module_files(root: Path) -> Iterator[Path]:
    """Yield the source files of the library's modules, tests and tables left out, sorted."""
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if parts[0].startswith(NO_CODE) or (TEST_FOLDERS | FOREIGN_FOLDERS) & set(parts[:-1]):
            continue
        yield path


def group_of(path: Path, root: Path) -> str:
    """Return the top-level module; `_x` goes with `x`, whose implementation it is."""
    top = path.relative_to(root).parts[0].removesuffix(".py")
    return top.lstrip("_") or top


def _code(path: Path, root: Path) -> Document:
    group = group_of(path, root)
    return Document(path.relative_to(root).as_posix(), source_of(path), group, group)


def source_of(path: Path) -> str:
    """Read a source file in the encoding that it declares."""
    with tokenize.open(path) as source:
        return source.read()


def docstring_documents(modules: list[Path], root: Path) -> Iterator[Document]:
    """Yield one document per source file: the prose of its docstrings, in source order."""
    for path in modules:
        text = "\n\n".join(p for doc in docstrings(source_of(path)) for p in prose(doc))
        group = group_of(path, root)
        yield Document(path.relative_to(root).as_posix(), text, group, group)


def docstrings(source: str) -> Iterator[str]:
    """Yield the docstrings of a module, its classes and functions, in source order."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield text
        # only statements hold definitions: the many expressions need no visit
        parts = (getattr(node, part, ()) for part in BLOCKS)
        waiting += reversed([inner for part in parts for inner in part])


def topic_documents(source: str) -> Iterator[Document]:
    """Yield the prose of each pydoc topic, from the source of `pydoc_data.topics`."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            for name, content in ast.literal_eval(node.value).items():
                text = "\n\n".join(prose(content))
                yield Document(f"pydoc-topic/{name}", text, "pydoc topics", f"topic {name}")


def without_repeated_paragraphs(documents: list[Document]) -> Iterator[Document]:
    """Keep a paragraph's first occurrence; then leave out documents under MINIMUM_WORDS words.

    Modules copy docstrings from each other (`posixpath` and `ntpath`), and topics share passages.
    """
    seen: set[str] = set()
    for document in documents:
        paragraphs = []
        for paragraph in document.text.split("\n\n"):
            if paragraph not in seen:
                paragraphs.append(paragraph)
                seen.add(paragraph)
        text = "\n\n".join(paragraphs)
        if len(text.split()) >= MINIMUM_WORDS:
            yield replace(document, text=text)


def prose(text: str) -> list[str]:
    """Return the paragraphs that read as English, unwrapped to one line each.

    A paragraph counts as prose if it has at least four words, holds no interpreter session, and at
    least 85 % of its characters are letters, blanks or ordinary punctuation.
    """
    paragraphs = (" ".join(block.split()) for block in text.split("\n\n") if ">>>" not in block)
    return [paragraph for paragraph in paragraphs if _reads_as_english(paragraph)]


def _reads_as_english(paragraph: str) -> bool:
    ordinary = sum(map(str.isalpha, paragraph)) + sum(map(paragraph.count, " ,."))
    return len(paragraph.split()) >= 4 and ordinary >= 0.85 * len(paragraph)
