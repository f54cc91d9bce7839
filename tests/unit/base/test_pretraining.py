"""The embedded base's shape, curve and refusals; training itself is tested as a stage."""

import polars as pl
import pytest
import torch

from rankscope.base.pretraining import loss_curve, new_model, pretrain
from rankscope.errors import ArtefactError, DataError, ModelError
from rankscope.records.bases import EmbeddedBase
from rankscope.records.data import StandardLibrary

CORPUS = StandardLibrary(source="standard-library", content="english")


def spec(**fields) -> EmbeddedBase:
    small = {
        "vocabulary_size": 270,
        "hidden_size": 16,
        "layers": 1,
        "heads": 2,
        "intermediate_size": 24,
        "context_length": 16,
        "steps": 4,
        "batch_size": 2,
    }
    return EmbeddedBase(source="embedded", corpus=CORPUS, **small | fields)


def test_the_default_has_about_a_million_parameters():
    model = new_model(EmbeddedBase(source="embedded", corpus=CORPUS))
    # tied embeddings, 4 x (attention, feed-forward, 2 norms), final norm
    expected = 1024 * 128 + 4 * (4 * 128 * 128 + 3 * 128 * 344 + 2 * 128) + 128
    assert sum(weight.numel() for weight in model.parameters()) == expected == 922_752


def test_the_seed_decides_the_initial_weights():
    weights = [new_model(spec(seed=seed)).lm_head.weight for seed in (0, 0, 1)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_the_curve_has_one_row_per_step():
    history = [
        {"step": 1, "loss": 5.0, "learning_rate": 0.1, "grad_norm": 1.0},
        {"step": 2, "loss": 4.0, "learning_rate": 0.2, "grad_norm": 2.0},
        {"step": 2, "train_runtime": 1.0},
    ]
    curve = loss_curve(spec(), history)
    assert curve["loss"].to_list() == [5.0, 4.0]
    assert curve["tokens"].to_list() == [2 * 16, 4 * 16]


def rows(folder, text: str):
    path = folder / "rows.parquet"
    pl.DataFrame({"id": ["a"], "split": ["train"], "text": [text]}).write_parquet(path)
    return path


def attempt(folder, corpus, **fields):
    pretrain(spec(**fields), corpus, folder / "model", folder / "resume")


PROSE = "The cat sat on the mat and the dog lay under the old table. " * 20


def test_a_corpus_too_small_for_the_vocabulary_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"a vocabulary of \d+, and base.vocabulary_size is 900"):
        attempt(tmp_path, rows(tmp_path, PROSE), vocabulary_size=900)
    assert not (tmp_path / "model").exists()


def test_a_corpus_too_small_for_one_batch_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"sequences of 16 tokens are fewer than base.batch_size"):
        attempt(tmp_path, rows(tmp_path, PROSE), batch_size=900)


def test_a_missing_corpus_says_how_to_make_it(tmp_path):
    with pytest.raises(ArtefactError, match="rankscope data rows stdlib-english"):
        attempt(tmp_path, tmp_path / "rows.parquet")


def test_divergence_is_an_error_that_names_the_rate(tmp_path):
    with pytest.raises(ModelError, match=r"diverged at step \d+; lower base.learning_rate"):
        attempt(tmp_path, rows(tmp_path, PROSE), learning_rate=1e30, steps=8)
    assert not (tmp_path / "model").exists()
