"""`classify`: the log-probability of every label, and accuracies in closed form."""

import math
from pathlib import Path

import polars as pl
import pytest
import torch

from labelled_runs import LABELS, pairs, write_pairs
from rankscope.data.rows import write_rows
from rankscope.evaluate.kinds.classify import BATCH_TEXTS, METRICS, accuracy, prepare
from rankscope.records.evaluations import Classify
from rankscope.records.heads import Classifier
from rankscope.text.pairs import Layout, load_pair_encoder
from rankscope.weights.heads import load
from rankscope.weights.steps import load_step
from tiny_heads import save_family


def row(label: str, *probabilities: float) -> dict[str, object]:
    nats = [math.log(p) for p in probabilities]
    return {"label": label, "labels": ["a", "b", "c"], "log_probabilities": nats}


def test_what_is_no_number_chose_nothing() -> None:
    assert accuracy(row("a", float("nan"), float("nan"))) == 0.0
    assert accuracy(row("a", float("nan"), 0.5)) == 0.0


def test_accuracy_counts_the_likeliest_label_and_shares_a_tie() -> None:
    assert accuracy(row("b", 0.2, 0.5, 0.3)) == 1
    assert accuracy(row("c", 0.2, 0.5, 0.3)) == 0
    assert accuracy(row("a", 0.4, 0.4, 0.2)) == 0.5
    assert accuracy(row("c", 0.4, 0.4, 0.2)) == 0
    assert accuracy(row("c", 1 / 3, 1 / 3, 1 / 3)) == pytest.approx(1 / 3)


@pytest.fixture
def asked(tmp_path: Path):
    data = pairs(write_pairs(tmp_path / "rows.jsonl", 3 * BATCH_TEXTS), heldout_fraction=0.5)
    write_rows(data, (), tmp_path / "rows.parquet")
    evaluation = Classify(
        kind="classify", name="labels", measures="learning", data=data, text_tokens=32
    )
    return evaluation, tmp_path / "rows.parquet"


@pytest.mark.parametrize("family", ["gpt2", "bert"])
def test_rows_are_what_the_model_says_of_each_text_alone(tmp_path, asked, family) -> None:
    evaluation, rows = asked
    base = save_family(family, tmp_path / family)
    model = load(base, evaluation.head, seed=1).eval()
    with torch.no_grad():
        for weight in model.get_submodule(
            {"gpt2": "score", "bert": "classifier"}[family]
        ).parameters():
            weight.normal_(std=2.0, generator=torch.Generator().manual_seed(2))
    done = []
    found = list(prepare(evaluation, rows, base, None).rows(model, done.append))
    assert sum(done) == len(found) == 1.5 * BATCH_TEXTS
    assert len({tuple(each["log_probabilities"]) for each in found}) > BATCH_TEXTS
    encoder, layout = load_pair_encoder(base, 32), Layout.of(model.config)
    texts = {each["id"]: each for each in pl.read_parquet(rows).to_dicts()}
    for each in found:
        source = texts[each["item"]]
        alone = encoder.encode(source["text"], source["second"])
        with torch.no_grad():
            logits = model(**layout.rows([alone])).logits[0].double()
        expected = torch.log_softmax(logits, 0).tolist()
        assert each["log_probabilities"] == pytest.approx(expected, abs=1e-4)
        assert each["predicted"] == LABELS[int(logits.argmax())]
        assert each["label"] == source["label"]


def test_a_base_knows_nothing_of_the_labels(tmp_path, asked) -> None:
    evaluation, rows = asked
    base = save_family("roberta", tmp_path / "roberta")
    model = load_step(base, None, Classifier(labels=LABELS))
    found = list(prepare(evaluation, rows, base, None).rows(model, lambda _: None))
    assert {METRICS[0].score(each) for each in found} == {0.5}
    share = sum(METRICS[1].score(each) for each in found) / len(found)
    counts = [sum(each["label"] == label for each in found) for label in LABELS]
    assert share == max(counts) / len(found)
