import re
import socket
from pathlib import Path

import polars as pl
import pytest
import torch

from rankscope.errors import DataError
from rankscope.evaluate.kinds.harness import HarnessTask, accuracy, accuracy_normalised
from rankscope.evaluate.weights import load_tokenizer
from rankscope.records.heads import CausalLM
from rankscope.weights.steps import load_step

WORDS = re.findall(
    r"\w+",
    "the cat naïve table under list empty error return number old dog mat items raise sat"
    " façade lay three of in an and if",
)


def items(count):
    def phrase(start, length):
        return " ".join(WORDS[(start + 7 * i) % len(WORDS)] for i in range(length))

    return pl.DataFrame(
        {
            "id": [f"item{n}" for n in range(count)],
            "activity_label": ["Documentation"] * count,
            "ctx_a": [phrase(n, 6) for n in range(count)],
            "ctx_b": [""] * count,
            "endings": [[phrase(n + 3 * c, 1 + c) for c in range(4)] for n in range(count)],
            "label": [n % 4 for n in range(count)],
        }
    )


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


@pytest.fixture(scope="module")
def task():
    return HarnessTask("hellaswag", items(40))


def test_our_accuracies_equal_those_of_the_harness_for_every_item(task, base):
    model, tokenizer = load_step(base, None, CausalLM()), load_tokenizer(base)
    samples = sorted(task.samples(model, tokenizer), key=lambda sample: sample["doc_id"])
    answers = task.predict(model, tokenizer)
    ours = [
        (
            accuracy(item.choices_nats, item.answer),
            accuracy_normalised(item.choices_nats, item.choices_characters, item.answer),
        )
        for item in answers
    ]
    assert ours == [(sample["acc"], sample["acc_norm"]) for sample in samples]
    assert [item.id for item in answers] == items(40)["id"].to_list()
    # items on which the two metrics differ, and both outcomes of each: the comparison can fail
    assert len(set(ours)) == 4
    assert any(item.choices_bytes != item.choices_characters for item in answers)


def test_log_likelihoods_equal_those_of_single_forward_passes(task, base):
    model, tokenizer = load_step(base, None, CausalLM()), load_tokenizer(base)
    for row, item in zip(
        items(40).head(5).iter_rows(named=True), task.predict(model, tokenizer), strict=False
    ):
        query = f"Documentation: {row['ctx_a']}"
        for ending, nats in zip(row["endings"], item.choices_nats, strict=True):
            context = tokenizer.decoder.encode(query)
            ids = tokenizer.decoder.encode(f"{query} {ending}")
            with torch.no_grad():
                log_p = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), dim=1)
            expected = sum(log_p[t - 1, ids[t]].item() for t in range(len(context), len(ids)))
            assert nats == pytest.approx(expected, rel=1e-5)


def test_text_that_spells_a_control_token_is_text_to_the_harness_too(base):
    spelled = items(3).with_columns(ctx_a=pl.lit("<s> A cat says </s> and the dog"))
    model, tokenizer = load_step(base, None, CausalLM()), load_tokenizer(base)
    answers = HarnessTask("hellaswag", spelled).predict(model, tokenizer)
    for row, item in zip(spelled.iter_rows(named=True), answers, strict=True):
        query = f"Documentation: {row['ctx_a']}"
        for ending, nats in zip(row["endings"], item.choices_nats, strict=True):
            context, ids = (
                tokenizer.decoder.encode(text, split_special_tokens=True)
                for text in (query, f"{query} {ending}")
            )
            with torch.no_grad():
                log_p = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), dim=1)
            expected = sum(log_p[t - 1, ids[t]].item() for t in range(len(context), len(ids)))
            assert nats == pytest.approx(expected, rel=1e-5)


def test_the_adapter_reaches_the_harness(task, base, adapter):
    tokenizer = load_tokenizer(base)

    def nats(step):
        return [i.choices_nats for i in task.predict(load_step(base, step, CausalLM()), tokenizer)]

    of_base = nats(None)
    of_step = nats(adapter)
    assert all(a != b for a, b in zip(of_base, of_step, strict=True))
    assert nats(None) == of_base


def test_is_offline_and_leaves_the_package_folder_alone(base, monkeypatch):
    import lm_eval

    def refuse(*_):
        raise AssertionError("network access")

    package = Path(lm_eval.__file__).parent
    before = {path for path in package.rglob("*") if "__pycache__" not in path.parts}
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    HarnessTask("hellaswag", items(3)).predict(
        load_step(base, None, CausalLM()), load_tokenizer(base)
    )
    assert before == {path for path in package.rglob("*") if "__pycache__" not in path.parts}


def test_a_label_that_is_no_ending_is_refused():
    wrong = items(3).with_columns(label=pl.lit(4, pl.Int64))
    with pytest.raises(DataError, match="item0: label 4 is none of its 4 endings"):
        HarnessTask("hellaswag", wrong)
