"""Blank bases: the weights and the tokenizer that training starts from, and what is refused."""

import json

import polars as pl
import pytest
import torch

from rankscope.base.kinds.blank import new_model
from rankscope.base.stage import make_base
from rankscope.errors import ArtefactError, DataError
from rankscope.records.bases import BlankBase
from rankscope.records.data import StandardLibrary

CORPUS = StandardLibrary(source="standard-library", content="english")
PROSE = "The cat sat on the mat and the dog lay under the old table. " * 20


def blank(**fields) -> BlankBase:
    small = {
        "vocabulary_size": 270,
        "hidden_size": 16,
        "layers": 1,
        "heads": 2,
        "intermediate_size": 24,
        "context_length": 16,
        "seed": 0,
    }
    return BlankBase(corpus=CORPUS, **small | fields)


def rows(folder):
    path = folder / "rows.parquet"
    pl.DataFrame({"id": ["a"], "split": ["train"], "text": [PROSE]}).write_parquet(path)
    return path


def test_the_seed_decides_the_initial_weights():
    weights = [new_model(blank(seed=seed)).lm_head.weight for seed in (0, 0, 1)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize("spread", [0.02, 0.05])
def test_the_weights_spread_as_the_record_says(spread):
    weight = new_model(blank(initializer_range=spread, hidden_size=128)).lm_head.weight
    # 34,560 draws: their standard deviation is within 2 % of the true one but once in 1e6 times
    assert weight.std().item() == pytest.approx(spread, rel=0.02)


def test_what_is_saved_is_what_was_drawn(tmp_path):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    make_base(blank(), [rows(tmp_path)], tmp_path / "base/model")
    read = AutoModelForCausalLM.from_pretrained(tmp_path / "base/model")
    drawn = new_model(blank()).state_dict()
    assert all(torch.equal(drawn[name], weight) for name, weight in read.state_dict().items())
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "base/model")
    assert len(tokenizer) == 270
    assert tokenizer.decode(tokenizer("The old cat.").input_ids) == "The old cat."
    results = json.loads((tmp_path / "base/run.json").read_text())["results"]
    # tied embeddings, attention, feed-forward, 3 norms
    assert results["parameters"] == 270 * 16 + 4 * 16 * 16 + 3 * 16 * 24 + 3 * 16


def test_a_corpus_too_small_for_the_vocabulary_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"a vocabulary of \d+, and base.vocabulary_size is 900"):
        make_base(blank(vocabulary_size=900), [rows(tmp_path)], tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_missing_corpus_says_how_to_make_it(tmp_path):
    with pytest.raises(ArtefactError, match="rankscope data rows stdlib-english"):
        make_base(blank(), [tmp_path / "rows.parquet"], tmp_path / "model")
