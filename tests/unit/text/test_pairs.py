"""Texts and pairs as transformers encodes them; rows padded by the model's token and masked."""

from types import SimpleNamespace

import pytest
import torch

from rankscope.errors import ModelError
from rankscope.text.pairs import EncodedPair, Layout, load_pair_encoder
from tiny_heads import save_tokenizer


@pytest.mark.parametrize("family", ["bert", "roberta", "llama"])
@pytest.mark.parametrize("limit", [8, 64])
def test_pairs_are_those_of_transformers(tmp_path, family, limit) -> None:
    from transformers import AutoTokenizer

    save_tokenizer(tmp_path, family)
    encoder, library = load_pair_encoder(tmp_path, limit), AutoTokenizer.from_pretrained(tmp_path)
    for texts in (("loss", "page"), ("a long first text", "b"), ("a", None), ("b" * 9, "c" * 9)):
        expected = library(
            *texts, truncation="longest_first", max_length=limit, return_token_type_ids=True
        )
        found = encoder.encode(*texts)
        assert list(found.input_ids) == expected["input_ids"]
        assert list(found.segments) == expected["token_type_ids"]
        whole = library(*texts)["input_ids"]
        assert found.is_cut == (len(whole) > limit)


def test_a_text_that_spells_a_control_token_is_text(tmp_path) -> None:
    save_tokenizer(tmp_path, "bert")
    ids = load_pair_encoder(tmp_path, 64).encode("</s>", "<pad>").input_ids
    assert [ids.count(control) for control in (0, 1, 2)] == [1, 2, 0]


def config(**values):
    text = SimpleNamespace(**{"pad_token_id": None, "eos_token_id": None} | values)
    return SimpleNamespace(get_text_config=lambda: text, name_or_path="somewhere")


def test_rows_are_padded_behind_and_masked() -> None:
    layout = Layout.of(config(pad_token_id=9, type_vocab_size=2))
    batch = layout.rows([EncodedPair([1, 2, 3], [0, 0, 1]), EncodedPair([4], [0])])
    assert batch["input_ids"].tolist() == [[1, 2, 3], [4, 9, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["token_type_ids"].tolist() == [[0, 0, 1], [0, 0, 0]]
    assert {each.dtype for each in batch.values()} == {torch.int64}


def test_a_model_without_segments_is_given_none() -> None:
    for values in ({}, {"type_vocab_size": 1}, {"type_vocab_size": 0}):
        batch = Layout.of(config(pad_token_id=0, **values)).rows([EncodedPair([1], [1])])
        assert set(batch) == {"input_ids", "attention_mask"}


def test_without_a_padding_token_the_end_of_text_pads() -> None:
    assert Layout.of(config(eos_token_id=5)).padding == 5
    assert Layout.of(config(eos_token_id=[7, 8])).padding == 7
    with pytest.raises(ModelError, match="neither `pad_token_id` nor `eos_token_id`"):
        Layout.of(config())
