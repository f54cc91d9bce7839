"""What is measured and also trained on: said with its counts, and only where it is so."""

import json
from pathlib import Path

import numpy as np
import pytest

from rankscope.artefacts import layout
from rankscope.check.check import notes
from rankscope.check.evaluation import read_documents
from rankscope.check.subject import Subject
from rankscope.data.kinds import hub
from rankscope.data.kinds import text as text_files
from rankscope.data.rows import write_rows
from rankscope.records.study import Study
from rankscope.studies.expand import load_expansion, load_study
from rankscope.text.contamination import FOR_A_CHECK, findings

STUDY = """study: mine
title: t
base: {source: embedded, corpus: prose}
data:
  code: {source: text, path: train.jsonl, heldout_fraction: 0.25}
  prose: {source: text, path: prose.jsonl, heldout_fraction: 0.25}
  more: DATA
train_on: code
seeds: [0]
recipe: {steps: 1, batch_size: 1, sequence_length: 16}
grid: [{method: full, learning_rate: 1.0e-3}]
evaluate:
  main:
    - {name: a, measures: learning, kind: bits-per-byte, data: LEARNING}
    - {name: b, measures: forgetting, kind: bits-per-byte, data: FORGETTING}
headline: {learning: a, forgetting: b}
"""


def page(seed: int, length: int = 300) -> str:
    """A text of random letters, which shares nothing with another seed's."""
    return "".join(np.random.default_rng(seed).choice(list("abcdefghij klmno"), length))


def write(path: str, texts: list[str]) -> None:
    Path(path).write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Training text and prose that have nothing in common."""
    monkeypatch.chdir(tmp_path)
    write("train.jsonl", [page(n) for n in range(40)])
    write("prose.jsonl", [page(1000 + n) for n in range(40)])


def study(data: str, learning: str = "code", forgetting: str = "prose") -> Study:
    text = STUDY.replace("DATA", data).replace("LEARNING", learning)
    Path("mine.yaml").write_text(text.replace("FORGETTING", forgetting))
    return load_study("mine.yaml")


def found(*arguments: str, most_bytes: int = FOR_A_CHECK, **options: str) -> list[str]:
    return [
        each.text for each in findings(study(*arguments, **options), most_bytes, read_documents)
    ]


OTHER = "{source: text, path: prose.jsonl, seed: 5}"


def test_nothing_is_said_of_text_that_is_apart():
    assert found(OTHER) == []


def test_a_copy_of_the_training_file_split_otherwise_is_training_loss():
    write("copy.jsonl", [page(n) for n in range(40)])
    data = "{source: text, path: copy.jsonl, heldout_fraction: 0.5}"
    held = text_files.content(study(data).data["more"]).rows.filter(split="heldout")["text"]
    expected = sum(text in trained_texts() for text in held)
    assert 0 < expected < 20
    (text,) = found(data, learning="more")
    assert text == (
        f'{expected} of 20 held-out items of "more" share passages with text of "code", which runs'
        f" train on ({expected} of them word for word): a measures training loss there, not"
        " learning"
    )


def test_a_copy_split_alike_is_named_although_nothing_of_it_is_trained_on():
    write("copy.jsonl", [page(n) for n in range(40)])
    data = "{source: text, path: copy.jsonl, heldout_fraction: 0.25}"
    (text,) = found(data, learning="more")
    assert text.startswith('"more" reads 1 of its 1 files word for word as text of "code"')


def test_pieces_of_the_training_text_are_training_loss_in_full():
    """Each page is a training document with another beginning; only shingles can tell."""
    rows = trained_texts()
    write("pieces.jsonl", [f"{page(2000 + n)[:40]}\n\n{text}" for n, text in enumerate(rows)])
    (text,) = found("{source: text, path: pieces.jsonl}", learning="more")
    assert text == (
        'all 3 held-out items of "more" are text of "code", which runs train on (0 of them word'
        " for word): a measures training loss, not learning"
    )


def trained_texts() -> list[str]:
    return (
        text_files.content(study(OTHER).data["code"]).rows.filter(split="train")["text"].to_list()
    )


def test_a_few_pages_of_the_corpus_of_the_base_are_counted():
    corpus = (
        text_files.content(study(OTHER).data["prose"]).rows.filter(split="train")["text"].to_list()
    )
    write("mixed.jsonl", [page(n) for n in range(3000, 3036)] + corpus[:4])
    data = "{source: text, path: mixed.jsonl, heldout_fraction: 0.9}"
    held = text_files.content(study(data).data["more"]).rows.filter(split="heldout")["text"]
    expected = sum(text in corpus for text in held)
    assert expected > 0
    (text,) = found(data, forgetting="more")
    assert text.startswith(f"{expected} of 36 held-out items of")
    assert 'text of "prose", which the base was pre-trained on' in text


def test_learning_and_forgetting_on_the_same_documents():
    texts = found(OTHER, learning="code", forgetting="code")
    assert texts == [
        'a (learning) and b (forgetting) are measured on the same documents, those of "code", also'
        " in the headline: what one gains the other does not lose; measure forgetting on other text"
    ]


def test_continuations_count_as_the_documents_they_are_cut_from():
    study(OTHER, forgetting="more")
    text = Path("mine.yaml").read_text().replace(OTHER, "{source: continuations, documents: code}")
    harness = "kind: harness, task: hellaswag, data: more"
    Path("mine.yaml").write_text(text.replace("kind: bits-per-byte, data: more", harness))
    (finding,) = findings(load_study("mine.yaml"), FOR_A_CHECK, read_documents)
    assert finding.evaluation == "b"
    assert 'those of "code"' in finding.text


def test_made_rows_are_compared_whatever_their_source():
    """After `data`, hashes tell even where there is too much text for passages."""
    write("copy.jsonl", [page(n) for n in range(40)])
    spec = study("{source: text, path: copy.jsonl, seed: 3}", learning="more")
    expected = [each.text for each in findings(spec, FOR_A_CHECK, read_documents)]
    for variant in spec.data.values():
        assert variant.sources == ()
        write_rows(variant, (), Path(layout.data_rows(variant.name)))
    assert [each.text for each in findings(spec, FOR_A_CHECK, read_documents)] == expected
    assert [each.text for each in findings(spec, 10, read_documents)] == expected


def test_a_corpus_of_one_template_is_named_after_it_was_made():
    template = "Below is an instruction that describes a task; write a response to it: "
    write("train.jsonl", [template + page(n, 30) for n in range(40)])
    spec = study(OTHER)
    write_rows(spec.data["code"], (), Path(layout.data_rows(spec.data["code"].name)))
    (text,) = [each.text for each in findings(spec, FOR_A_CHECK, read_documents)]
    assert text.startswith('10 held-out documents of "code" share passages with its training')


def test_the_check_says_it_with_the_line():
    study(OTHER, learning="code", forgetting="code")
    said = notes(Subject(load_expansion("mine.yaml")))
    assert any(
        text.startswith("mine.yaml:15: evaluate.main[1].data: a (learning) and b") for text in said
    )


HUB = f"{{source: hub, repository: some/corpus, revision: {'a1' * 20}, seed: 3}}"


def test_what_the_hub_has_is_said_to_be_not_compared_until_it_is_made(monkeypatch):
    texts = found(HUB, learning="more")
    assert len(texts) == 2, "with what runs and with what the base was trained on"
    assert texts[0] == (
        '"more" was not compared with text of "code", which runs train on, because what comes from'
        ' the hub has not been made yet: "more". `rankscope data rows` makes it; then this check'
        " compares the two, as the report does"
    )
    spec = study(HUB, learning="more")
    monkeypatch.setattr(hub, "_load", lambda spec: [{"text": page(n)} for n in range(40)])
    write_rows(spec.data["more"], (), Path(layout.data_rows(spec.data["more"].name)))
    (text,) = found(HUB, learning="more")
    assert text.startswith('all 4 held-out items of "more" are text of "code"')


@pytest.mark.parametrize(("asked", "said"), [(9, 0), (10, 0), (11, 1)])
def test_more_documents_than_are_held_out_are_noted_with_their_number(asked: int, said: int):
    study(OTHER)
    text = Path("mine.yaml").read_text()
    asking = f"data: code, documents: {asked}"
    Path("mine.yaml").write_text(
        text.replace("bits-per-byte, data: code", f"bits-per-byte, {asking}")
    )
    found = notes(Subject(load_expansion("mine.yaml")))
    few = [note for note in found if "documents are asked for" in note]
    assert len(few) == said
    if said:
        assert 'evaluate.main[0].documents: 11 documents are asked for, and "code"' in few[0]
        assert "holds out 10: all 10 are read; to measure on more, raise `heldout_fr" in few[0]
