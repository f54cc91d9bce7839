"""Text shared by held-out and training documents, against sets of literal substrings."""

import json
import logging
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rankscope.data.kinds import standard_library
from rankscope.data.kinds import text as text_files
from rankscope.data.kinds.continuations import continuation_rows
from rankscope.records.data import Continuations, StandardLibrary, TextFiles
from rankscope.text.documents import Document
from rankscope.text.overlap import (
    SHINGLE,
    Shingles,
    shared_positions,
    without_paragraphs,
    without_shared_text,
)

# a repertoire of few letters, so that random texts share passages
alphabet = st.text("ab\né", max_size=120)


def passages(text: str, length: int = SHINGLE) -> set[str]:
    """The oracle: every passage as a string."""
    return {text[i : i + length] for i in range(len(text) - length + 1)}


def trained(texts) -> set[str]:
    """All passages of several texts."""
    return set().union(*map(passages, texts))


def document(name: str, text: str) -> Document:
    return Document(name, text, name, name)


def filler(seed: int, length: int = 200) -> str:
    """A text of random letters, which shares nothing with another seed's."""
    return "".join(np.random.default_rng(seed).choice(list("abcdefghij klmno"), length))


@settings(deadline=None)
@given(alphabet, alphabet, st.integers(1, 9))
def test_hashes_are_equal_exactly_where_passages_are(one, other, length):
    shingles = Shingles(length)
    first, second = shingles(one), shingles(other)
    assert len(first) == max(0, len(one) - length + 1)
    for i, left in enumerate(first):
        for j, right in enumerate(second):
            assert (left == right) == (one[i : i + length] == other[j : j + length])


@settings(deadline=None)
@given(st.lists(alphabet, max_size=4), st.lists(alphabet, max_size=4))
def test_shared_positions_are_those_of_the_oracle(held, training):
    known = trained(training)
    found = shared_positions(held, training)
    assert len(found) == len(held)
    for text, mask in zip(held, found, strict=True):
        expected = [text[i : i + SHINGLE] in known for i in range(max(0, len(text) - SHINGLE + 1))]
        assert mask.tolist() == expected


@settings(deadline=None)
@given(st.lists(st.text("ab\n", max_size=30), min_size=1, max_size=6), st.data())
def test_a_paragraph_goes_exactly_where_the_middle_of_a_shared_passage_lies(paragraphs, data):
    text = "\n\n".join(paragraphs)
    starts = max(0, len(text) - SHINGLE + 1)
    shared = np.array(data.draw(st.lists(st.booleans(), min_size=starts, max_size=starts)), bool)
    owner = [n for n, paragraph in enumerate(text.split("\n\n")) for _ in f"{paragraph}\n\n"]
    gone = {owner[start + SHINGLE // 2] for start in np.flatnonzero(shared)}
    kept = [p for n, p in enumerate(text.split("\n\n")) if n not in gone]
    assert without_paragraphs(text, shared) == "\n\n".join(kept)


def test_a_licence_goes_and_the_rest_of_the_document_stays():
    licence = "Permission is hereby granted, free of charge, to any person obtaining a copy."
    training = [document(str(n), f"{licence}\n\n{filler(n)}") for n in range(8)]
    held = document("held", f"{licence}\n\n{filler(100)}\n\n{filler(101)}")
    kept, overlap = without_shared_text([*training, held], frozenset({"held"}))
    assert kept == [*training, document("held", f"{filler(100)}\n\n{filler(101)}")]
    assert overlap.documents == 1
    assert overlap.cut_bytes == len(licence) + 2
    assert (overlap.left_out, overlap.remaining) == (0, 0)


def test_a_copy_is_left_out_and_counted():
    training = [document("original", filler(1))]
    held = [document("copy", filler(1)), document("own", filler(2, 500))]
    kept, overlap = without_shared_text([*training, *held], frozenset({"copy", "own"}))
    assert [d.id for d in kept] == ["original", "own"]
    assert (overlap.documents, overlap.left_out, overlap.remaining) == (1, 1, 0)


def test_what_a_cut_brings_together_is_looked_at_again():
    """Without the middle, the ends would make a passage that a training document has."""
    left, right, middle = filler(1, 30), filler(2, 30), filler(3, 80)
    training = [document("a", f"{left}\n\n{right}"), document("b", middle)]
    held = document("held", "\n\n".join([filler(4, 300), left, middle, right]))
    kept, overlap = without_shared_text([*training, held], frozenset({"held"}))
    assert kept[-1].text == filler(4, 300)
    assert overlap.remaining == 0


def test_of_a_corpus_of_one_template_nothing_is_taken_and_it_is_said(caplog):
    template = "Below is an instruction that describes a task. Write a response: "
    documents = [document(str(n), template + filler(n, 20)) for n in range(10)]
    with caplog.at_level(logging.WARNING):
        kept, overlap = without_shared_text(documents, frozenset({"0", "1"}))
    assert kept == documents
    assert (overlap.documents, overlap.cut_bytes, overlap.remaining) == (2, 0, 2)
    assert "2 of 2 held-out documents share passages" in caplog.text


@settings(deadline=None)
@given(st.lists(alphabet, min_size=2, max_size=6, unique=True), st.data())
def test_nothing_is_shared_afterwards_or_it_is_counted(texts, data):
    documents = [document(str(number), text) for number, text in enumerate(texts)]
    held = data.draw(st.sets(st.sampled_from([d.id for d in documents])))
    kept, overlap = without_shared_text(documents, frozenset(held))
    known = trained(d.text for d in documents if d.id not in held)
    shared = [d for d in kept if d.id in held and passages(d.text) & known]
    assert len(shared) == overlap.remaining


def test_texts_trained_on_elsewhere_count():
    documents = [document("a", filler(1)), document("held", f"{filler(2)}\n\n{filler(3, 900)}")]
    kept, _ = without_shared_text(documents, frozenset({"held"}), [filler(2)])
    assert kept[1].text == filler(3, 900)


@pytest.fixture(scope="module")
def library():
    """Rows of the running Python's library as the demo splits it."""
    return {
        content: standard_library.content(
            StandardLibrary(source="standard-library", content=content, heldout_fraction=0.2), ()
        )
        for content in ("code", "english")
    }


def test_the_demo_holds_out_nothing_that_is_trained_on(library):
    held, training = [], []
    for content in library.values():
        assert content.results["overlap"]["remaining"] == 0
        assert content.results["overlap"]["documents"] > 0
        held += content.rows.filter(split="heldout")["text"].to_list()
        training += content.rows.filter(split="train")["text"].to_list()
    kept_out = trained(held)
    assert len(kept_out) > 1_000_000
    assert not any(
        text[i : i + SHINGLE] in kept_out
        for text in training
        for i in range(len(text) - SHINGLE + 1)
    )


def test_its_continuations_hold_nothing_that_is_trained_on(library):
    english = library["english"].rows
    spec = Continuations(
        source="continuations",
        documents={"source": "standard-library", "content": "english", "heldout_fraction": 0.2},
        items=240,
    )
    items = continuation_rows(spec, english)
    known = trained(english.filter(split="train")["text"])
    endings = items.select("context", "endings", "label").iter_rows()
    shown = [f"{context} {listed[label]}" for context, listed, label in endings]
    assert sum(bool(passages(text) & known) for text in shown) == 0


@pytest.mark.skipif("RANKSCOPE_DATA" not in os.environ, reason="RANKSCOPE_DATA is not set")
def test_web_documents_with_copies_among_them(tmp_path):
    """C4 pages, of which every fourth ends in a passage of the one before it."""
    lines = Path(os.environ["RANKSCOPE_DATA"], "data/lm/c4_sample/c4_200.jsonl").read_text("utf-8")
    texts = [json.loads(line)["text"] for line in lines.splitlines()]
    for number in range(3, len(texts), 4):
        texts[number] += "\n\n" + texts[number - 1][:400]
    path = tmp_path / "pages.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    content = text_files.content(TextFiles(source="text", path=str(path), heldout_fraction=0.3))
    rows, overlap = content.rows, content.results["overlap"]
    known = trained(rows.filter(split="train")["text"])
    shared = [text for text in rows.filter(split="heldout")["text"] if passages(text) & known]
    assert len(shared) == overlap["remaining"] == 0
    assert overlap["documents"] > 10
