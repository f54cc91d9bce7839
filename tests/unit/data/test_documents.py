"""Documents of any source: tabulated, and the held-out ones rid of what is trained on."""

import logging

import pytest

from rankscope.data.documents import documents_content
from rankscope.errors import DataError
from rankscope.text.documents import Document

COPIED = "A passage of more than fifty characters, which one copied from another's text."


def document(name: str, text: str) -> Document:
    return Document(id=name, text=text, origin=name, group=name)


OWN = "Own words, and more than fifty characters of them, so that they could be a passage."


def test_counts_are_those_of_the_rows(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    content = documents_content("mine", [document("a", OWN), document("b", "ü")], frozenset("b"))
    assert content.results["train"] == {"documents": 1, "bytes": len(OWN)}
    assert content.results["heldout"] == {"documents": 1, "bytes": 2}
    assert content.results["overlap"]["documents"] == 0
    assert content.rows["split"].to_list() == ["train", "heldout"]
    assert "mine: heldout 1 documents" in caplog.text


@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_is_trained_on_here_or_elsewhere_is_taken_out(elsewhere: bool) -> None:
    trained = document("a", "Nothing." if elsewhere else COPIED)
    held = document("b", f"{OWN}\n\n{OWN.upper()}\n\n{COPIED}")
    content = documents_content(
        "mine", [trained, held], frozenset("b"), [COPIED] if elsewhere else ()
    )
    (left,) = content.rows.filter(split="heldout")["text"]
    assert COPIED not in left
    assert OWN in left
    assert content.results["overlap"]["documents"] == 1


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(DataError, match="left for the heldout split"):
        documents_content("mine", [document("a", OWN)], frozenset("b"))
