import math

import polars as pl
import pytest

from rankscope.evaluate.metrics import accuracy, accuracy_normalised, bits_per_byte
from rankscope.evaluate.score import score_rows
from rankscope.evaluate.tables import PREDICTIONS, SCORES

KEYS = {
    "run": "lora-r4-0", "base": "b", "data": "d", "method": "LoRA r=4",
    "rank": 4, "seed": 0, "step": 25,
}  # fmt: skip


def predictions(*rows):
    return pl.DataFrame(
        [tuple((KEYS | row).get(column) for column in PREDICTIONS) for row in rows],
        schema=PREDICTIONS,
        orient="row",
    )


def document(item, nats, size):
    return {
        "evaluation": "code", "kind": "bits-per-byte", "measures": "learning",
        "item": item, "nats": nats, "bytes": size, "tokens": 1,
    }  # fmt: skip


def test_eight_bits_for_a_byte_guessed_among_256():
    assert bits_per_byte(math.log(256), 1) == pytest.approx(8.0)
    assert bits_per_byte(10 * math.log(2), 5) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("nats", "answer", "expected"),
    [([-3.0, -1.0, -2.0], 1, 1.0), ([-3.0, -1.0, -2.0], 2, 0.0), ([-1.0, -1.0], 0, 1.0),
     ([-1.0, -1.0], 1, 0.0)],
)  # fmt: skip
def test_accuracy_takes_the_likeliest_and_the_first_of_equals(nats, answer, expected):
    assert accuracy(nats, answer) == expected


def test_normalised_accuracy_does_not_favour_the_short_ending():
    nats, characters = [-4.0, -6.0], [2, 6]  # −2 and −1 nats per character
    assert accuracy(nats, 0) == 1.0
    assert accuracy_normalised(nats, characters, 0) == 0.0
    assert accuracy_normalised(nats, characters, 1) == 1.0


def test_the_weighted_mean_is_the_bits_of_the_corpus_over_its_bytes():
    scores = score_rows(predictions(document("a", 7.0, 3), document("b", 20.0, 17)))
    mean = (scores["score"] * scores["weight"]).sum() / scores["weight"].sum()
    assert mean == pytest.approx(27.0 / math.log(2) / 20)


def test_every_item_gets_a_row_for_each_metric_of_its_kind():
    choice = {
        "evaluation": "hs", "kind": "harness", "measures": "forgetting", "item": "i",
        "choices_nats": [-4.0, -6.0], "choices_bytes": [2, 6], "choices_characters": [2, 6],
        "answer": 1,
    }  # fmt: skip
    scores = score_rows(predictions(document("a", 7.0, 3), choice))
    assert scores.schema == pl.Schema(SCORES)
    assert scores.select("item", "metric", "score", "weight", "higher_is_better").rows() == [
        ("a", "bits_per_byte", pytest.approx(7 / 3 / math.log(2)), 3.0, False),
        ("i", "accuracy", 0.0, 1.0, True),
        ("i", "accuracy_normalised", 1.0, 1.0, True),
    ]
    assert scores["rank"].to_list() == [4, 4, 4]


def test_no_predictions_give_an_empty_table_of_scores():
    scores = score_rows(predictions())
    assert scores.is_empty()
    assert scores.schema == pl.Schema(SCORES)
