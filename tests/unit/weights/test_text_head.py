"""Which head a base is trained on documents with, by its `config.json`."""

from pathlib import Path

import pytest

from rankscope.errors import ModelError
from rankscope.records.data import TextFiles
from rankscope.records.heads import CausalLM, MaskedLM
from rankscope.weights.text_head import text_head, text_head_of, training_head
from tiny_heads import ENCODERS, FAMILIES, language_model


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_as_it_is_saved_and_without_a_word_of_its_class(tmp_path, family) -> None:
    language_model(family).save_pretrained(tmp_path)
    expected = MaskedLM() if family in ENCODERS else CausalLM()
    assert text_head(tmp_path) == expected
    assert text_head_of({"model_type": family}) == expected
    data = TextFiles(source="text", path="texts.jsonl")
    assert training_head(data, tmp_path) == expected


@pytest.mark.parametrize(
    ("config", "head"),
    [
        ({"architectures": ["BertForPreTraining"], "model_type": "bert"}, MaskedLM()),
        ({"architectures": ["RobertaModel"], "model_type": "roberta"}, MaskedLM()),
        ({"architectures": ["BertLMHeadModel"], "model_type": "bert"}, CausalLM()),
        ({"architectures": ["BertForMaskedLM"], "model_type": "bert", "is_decoder": True},
         CausalLM()),
        ({"model_type": "bert", "is_decoder": True}, CausalLM()),
        ({"architectures": ["BartForConditionalGeneration"], "model_type": "bart",
          "is_encoder_decoder": True}, CausalLM()),
        ({"architectures": ["BertForSequenceClassification"], "model_type": "bert"}, CausalLM()),
        ({"architectures": ["LlamaModel"], "model_type": "llama"}, CausalLM()),
        ({"architectures": ["OwnForMaskedLM"], "model_type": "own"}, MaskedLM()),
        ({"architectures": None, "model_type": None}, CausalLM()),
        ({}, CausalLM()),
    ],
    ids=str,
)  # fmt: skip
def test_what_a_configuration_says(config, head) -> None:
    assert text_head_of(config) == head


def test_a_folder_without_a_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        text_head(tmp_path)
