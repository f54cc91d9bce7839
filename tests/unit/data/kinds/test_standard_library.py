"""What is read of the standard library, on made-up sources and on the running Python's own."""

from pathlib import Path

import polars as pl
import pytest

from rankscope.data.kinds import standard_library
from rankscope.errors import DataError
from rankscope.records.data import StandardLibrary
from rankscope.text.documents import Document, document_rows

LONG = "This sentence has enough words in it to be taken for the prose that it is. " * 3


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("·", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def library(tmp_path, monkeypatch):
    write(
        tmp_path,
        **{
            "pydoc_data__topics·py": f"topics = {{'if': '''{LONG}\n\n  if_stmt ::= \"if\" x''',"
            f" 'for': '''Loops. {LONG}'''}}",
            "json__init·py": f'"""About JSON. {LONG}"""',
            "json__tests__test_json·py": f'"""{LONG}"""',
            "test__support·py": f'"""{LONG}"""',
            "site-packages__other__mod·py": f'"""{LONG}"""',
            "idlelib__idle_test__x·py": f'"""{LONG}"""',
            "encodings__cp437·py": f'"""{LONG}"""',
            "os·py": f'"""About os. {LONG}"""\nimport nothing_that_exists\n',
            "copy_of_os·py": f'"""About os. {LONG}"""\nimport nothing_that_exists\n',
            "_io·py": "x = 1\n",
            "io·py": "x = 2\n",
        },
    )
    monkeypatch.setattr(standard_library, "library_folder", lambda: tmp_path)
    return tmp_path


def spec(content: str, **fields: object) -> StandardLibrary:
    return StandardLibrary(source="standard-library", content=content, **fields)


def test_tests_tables_and_installed_packages_are_never_read(library):
    found = {p.relative_to(library).as_posix() for p in standard_library.module_files(library)}
    assert found == {"json/init.py", "os.py", "copy_of_os.py", "_io.py", "io.py"}


def test_code_is_the_source_with_duplicates_removed(library):
    documents, _ = standard_library.read(spec("code"))
    assert {d.id for d in documents} == {"json/init.py", "copy_of_os.py", "_io.py", "io.py"}
    assert all(d.text == (library / d.id).read_text() for d in documents)


def test_an_implementation_goes_with_its_module(library):
    documents, _ = standard_library.read(spec("code"))
    assert {d.group for d in documents if "io" in d.id} == {"io"}


def test_english_is_the_prose_of_docstrings_and_topics(library):
    documents, _ = standard_library.read(spec("english"))
    texts = {d.id: d.text for d in documents}
    # the second module says the same, and so does the first topic's paragraph no more
    assert set(texts) == {"json/init.py", "copy_of_os.py", "pydoc-topic/if", "pydoc-topic/for"}
    assert texts["json/init.py"] == f"About JSON. {LONG}".strip()
    assert "::=" not in texts["pydoc-topic/if"]


def test_docstrings_come_in_source_order():
    source = '"""one"""\nclass A:\n    """two"""\n    def f(self):\n        """three"""\n'
    source += 'async def g():\n    """four"""\nx = """five"""\n'
    assert list(standard_library.docstrings(source)) == ["one", "two", "three", "four"]


@pytest.mark.parametrize(
    "paragraph",
    [
        "too short really",
        ">>> this one is a session of the interpreter",
        "== = +++ 1234 === ::: 4567 --- {{{ }}} and such",
    ],
)
def test_what_is_not_prose_is_dropped(paragraph):
    kept = "These five words are prose."
    assert standard_library.prose(f"{kept}\n\n{paragraph}") == [kept]


def test_a_paragraph_is_unwrapped():
    assert standard_library.prose("Words that\n    go over\nthree lines.") == [
        "Words that go over three lines."
    ]


def test_a_repeated_paragraph_is_kept_where_it_comes_first():
    first = Document("a", f"{LONG}\n\nOnly in a.", "a", "a")
    second = Document("b", f"{LONG}\n\n{LONG} And more.", "b", "b")
    kept = standard_library.without_repeated_paragraphs([first, second])
    assert [d.text for d in kept] == [first.text, f"{LONG} And more."]


def test_source_is_read_in_the_encoding_it_declares(tmp_path):
    path = tmp_path / "old.py"
    path.write_bytes("# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1"))
    assert "é" in standard_library.source_of(path)


@pytest.fixture(scope="module")
def real():
    """Rows of the running Python's library: code and English."""
    return {
        content: document_rows(*standard_library.read(spec(content, heldout_fraction=0.2)))
        for content in ("code", "english")
    }


def test_code_and_english_hold_out_the_same_modules(real):
    held = pl.col("split") == "heldout"
    modules = pl.col("origin") != "pydoc topics"
    sides = {
        content: (set(rows.filter(held & modules)["origin"]), set(rows.filter(~held)["origin"]))
        for content, rows in real.items()
    }
    assert not sides["code"][0] & sides["english"][1]
    assert not sides["english"][0] & sides["code"][1]


def test_no_held_out_paragraph_is_trained_on(real):
    trained = {
        paragraph
        for text in real["english"].filter(pl.col("split") == "train")["text"]
        for paragraph in text.split("\n\n")
    }
    for text in real["english"].filter(pl.col("split") == "heldout")["text"]:
        assert not trained & set(text.split("\n\n"))


def test_the_library_is_large_enough_for_the_demo(real):
    for rows in real.values():
        assert rows.filter(pl.col("split") == "train")["bytes"].sum() > 1_000_000
        assert rows.filter(pl.col("split") == "heldout")["bytes"].sum() > 200_000
        assert rows["id"].n_unique() == rows["sha256"].n_unique() == rows.height


def test_a_python_without_sources_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    with pytest.raises(DataError, match="standard library has no source files"):
        standard_library.library_folder()
