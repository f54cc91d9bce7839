"""Multiple-choice items: true endings, distractors, labels, and the official template."""

from collections import Counter

import polars as pl
import pytest

from rankscope.data.kinds.continuations import continuation_rows, windows
from rankscope.errors import DataError
from rankscope.records.data import Continuations, StandardLibrary

ENGLISH = StandardLibrary(source="standard-library", content="english")


def spec(**fields) -> Continuations:
    defaults = {"items": 12, "choices": 4, "context_words": 3, "ending_words": 2}
    return Continuations(source="continuations", documents=ENGLISH, **defaults | fields)


def documents(count: int = 10, words: int = 15) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"d{n}" for n in range(count)] + ["trained"],
            "split": ["heldout"] * count + ["train"],
            "text": [" ".join(f"d{n}w{w}" for w in range(words)) for n in range(count)]
            + ["never " * words],
        }
    )


def test_windows_are_consecutive_words_that_do_not_overlap():
    text = "a b c d e f g\n\nshort one\n\nh i j k l"
    found = [(w.context, w.ending) for w in windows("d", text, 2, 1)]
    assert found == [("a b", "c"), ("d e", "f"), ("h i", "j")]


def test_windows_with_brackets_are_left_out():
    assert [w.context for w in windows("d", "a [b c d e f", 2, 1)] == ["d e"]


def test_the_true_ending_follows_its_context_and_the_others_come_from_other_documents():
    table = documents()
    texts = dict(table.select("id", "text").iter_rows())
    for row in continuation_rows(spec(), table).iter_rows(named=True):
        own = texts[row["origin"]]
        true = row["endings"][row["label"]]
        assert f"{row['context']} {true}" in own
        wrong = [e for position, e in enumerate(row["endings"]) if position != row["label"]]
        assert all(ending not in own for ending in wrong)
        assert all(any(ending in text for text in texts.values()) for ending in wrong)
        assert len(set(row["endings"])) == 4


def test_only_held_out_documents_are_used():
    rows = continuation_rows(spec(items=20), documents())
    assert "trained" not in set(rows["origin"])
    assert not rows["endings"].explode().str.contains("never").any()
    assert set(rows["split"]) == {"heldout"}


@pytest.mark.parametrize("choices", [2, 3, 4])
def test_the_right_answer_stands_everywhere_equally_often(choices):
    rows = continuation_rows(spec(items=20, choices=choices), documents())
    counts = Counter(rows["label"])
    assert set(counts) == set(range(choices))
    assert max(counts.values()) - min(counts.values()) <= 1


def test_the_same_spec_gives_the_same_items_and_another_seed_others():
    table = documents()
    assert continuation_rows(spec(), table).equals(continuation_rows(spec(), table))
    assert not continuation_rows(spec(), table).equals(continuation_rows(spec(seed=1), table))


def test_an_ending_that_the_own_document_also_has_is_no_distractor():
    table = pl.DataFrame(
        {
            "id": ["a", "b", "c"],
            "split": ["heldout"] * 3,
            "text": ["one two SAME\n\nthree four OWN", "five six SAME", "seven eight OTHER"],
        }
    )
    rows = continuation_rows(spec(items=4, choices=2, context_words=2, ending_words=1), table)
    endings = {row["context"]: set(row["endings"]) for row in rows.iter_rows(named=True)}
    assert endings["one two"] == {"SAME", "OTHER"}
    assert endings["three four"] == {"OWN", "OTHER"}


def test_the_wrong_endings_are_as_long_as_the_right_one():
    table = pl.DataFrame(
        {
            "id": list("abcdef"),
            "split": ["heldout"] * 6,
            "text": [
                "in short ab",
                "in long abcdefgh",
                "so short cd",
                "so long ijklmnop",
                "no short ef",
                "no long qrstuvwx",
            ],
        }
    )
    rows = continuation_rows(spec(items=6, choices=3, context_words=2, ending_words=1), table)
    for row in rows.iter_rows(named=True):
        assert len({len(ending) for ending in row["endings"]}) == 1


def test_no_ending_is_used_up():
    rows = continuation_rows(spec(items=30, choices=3), documents())
    wrong = Counter(
        ending
        for row in rows.iter_rows(named=True)
        for position, ending in enumerate(row["endings"])
        if position != row["label"]
    )
    # 30 items take 60 of 30 endings of equal size
    assert max(wrong.values()) <= 4


def test_too_few_windows_are_refused_with_the_number_there_is():
    with pytest.raises(DataError, match="10 held-out documents give 30 windows of 5 words, and 31"):
        continuation_rows(spec(items=31), documents())


def test_too_few_other_endings_are_refused():
    with pytest.raises(DataError, match="the other held-out documents give 0 endings, and 3"):
        continuation_rows(spec(items=3), documents(count=1))


def test_the_official_hellaswag_template_reads_them():
    datasets = pytest.importorskip("datasets")
    utils = pytest.importorskip("lm_eval.tasks.hellaswag.utils")
    rows = continuation_rows(spec(), documents())
    read = utils.process_docs(datasets.Dataset.from_list(rows.to_dicts()))
    for row, document in zip(rows.iter_rows(named=True), read, strict=True):
        assert document["query"] == f"Documentation: {row['context']}"
        assert document["choices"] == row["endings"]
        assert document["gold"] == row["label"]
