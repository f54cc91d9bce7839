"""What a base's files tell before training: kind, context, tokenizer, weights; by tiny models."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.numpy import save_file
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM

from rankscope.check.check import checked
from rankscope.check.plan import counts
from rankscope.errors import ModelError, StudyError
from refused_study import message
from study_mistakes import EMBEDDED, HUB_BASE, REVISION
from study_text import edited
from tiny_families import ATTENTION, RECURRENT, SIZE, random_family
from tiny_heads import save_family
from tiny_llama import save_base

SECONDS = 5.0


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_base(tmp_path_factory.mktemp("llama"), context=256)


@pytest.fixture
def base(llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(llama, tmp_path / "base"))


def study(*edits: tuple[str, str]) -> Path:
    """A study on the folder `base`."""
    text = edited(
        (EMBEDDED, "source: local\n  path: base"),
        ("rank: [1, 4, 16]", "rank: 1"), *edits,
    )  # fmt: skip
    Path("mine.yaml").write_text(text[: text.index("\nspectra:")])
    return Path("mine.yaml")


def refusal(*edits: tuple[str, str]) -> str:
    """What `check` says, in time, and in a line for each mistake."""
    path = study(*edits)
    began = time.monotonic()
    with pytest.raises((StudyError, ModelError)) as refused:
        subject = checked(path)
        counts(subject.study, subject.shape)
    assert time.monotonic() - began < SECONDS
    return str(refused.value)


def put(base: Path, model: torch.nn.Module) -> None:
    """Write a model into the place of the base's, with the same tokenizer."""
    (base / "config.json").unlink()
    (base / "model.safetensors").unlink()
    model.save_pretrained(base)


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_the_base_that_the_tests_start_from_is_taken(base: Path) -> None:
    checked(study())


@pytest.mark.parametrize("kind", [*ATTENTION, *RECURRENT])
def test_causal_families_are_taken(base: Path, kind: str) -> None:
    long = {"mpt": {"max_seq_len": 256}, "roberta": {"max_position_embeddings": 258}}
    put(base, random_family(kind, **long.get(kind, {})))
    checked(study())


NOT_CAUSAL: dict[str, tuple[Callable[[], torch.nn.Module], str]] = {
    "T5": (
        lambda: AutoModelForSeq2SeqLM.from_config(
            AutoConfig.for_model(
                "t5", vocab_size=320, d_model=16, d_ff=16, num_layers=1, num_heads=2, d_kv=8
            )
        ),
        "is an encoder-decoder (t5)",
    ),
    "BART": (
        lambda: AutoModelForSeq2SeqLM.from_config(
            AutoConfig.for_model(
                "bart", vocab_size=320, d_model=16, encoder_layers=1, decoder_layers=1,
                encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16,
                decoder_ffn_dim=16, max_position_embeddings=256,
            )
        ),
        "is an encoder-decoder (bart)",
    ),
    "BERT": (
        lambda: AutoModelForCausalLM.from_config(
            AutoConfig.for_model("bert", **SIZE | {"pad_token_id": 0})
        ),
        "is an encoder (bert)",
    ),
    "ViT": (
        lambda: AutoModel.from_config(
            AutoConfig.for_model(
                "vit", hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                intermediate_size=16, image_size=8, patch_size=4,
            )
        ),
        "without a causal language model",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "told"), NOT_CAUSAL.values(), ids=NOT_CAUSAL)
def test_what_is_no_causal_language_model(
    base: Path, make: Callable[[], torch.nn.Module], told: str
) -> None:
    put(base, make())
    found = refusal()
    assert told in found and "allowed: causal language models" in found


def test_a_base_that_needs_its_own_code(base: Path) -> None:
    change(base / "config.json", model_type="own", auto_map={"AutoConfig": "own.Config"})
    (base / "own.py").write_text("raise SystemExit('foreign code')")
    assert "needs code of its own" in refusal()
    change(base / "config.json", auto_map=None)
    assert "transformers does not know (own)" in refusal()


def test_a_kernel_of_the_hub_and_an_adapter_beside_the_model(base: Path) -> None:
    change(base / "config.json", attn_implementation="some/kernel")
    assert "attention kernel some/kernel" in refusal()
    change(base / "config.json", attn_implementation=None)
    (base / "adapter_config.json").write_text("{}")
    assert "adapter_config.json beside the model" in refusal()


CONTEXTS: dict[str, dict[str, object]] = {
    "gpt2": {"n_positions": 128},
    "mpt": {"max_seq_len": 128},
    "roberta": {"max_position_embeddings": 130},
    "llama": {"max_position_embeddings": 128},
    "rwkv": {"context_length": 128},
}


@pytest.mark.parametrize("kind", CONTEXTS)
def test_a_sequence_above_the_context(base: Path, kind: str) -> None:
    put(base, random_family(kind, **CONTEXTS[kind]))
    assert "256 is above the base's context of 128 tokens" in refusal()


def test_a_context_in_the_part_for_text(base: Path) -> None:
    text = json.loads((base / "config.json").read_text()) | {"max_position_embeddings": 128}
    (base / "config.json").write_text(
        json.dumps({"model_type": "gemma3", "text_config": text | {"model_type": "gemma3_text"}})
    )
    assert "context of 128 tokens" in refusal()


def test_a_context_that_the_file_leaves_to_the_library(base: Path) -> None:
    put(base, random_family("gpt2", n_positions=1024))
    config = json.loads((base / "config.json").read_text())
    del config["n_positions"]
    (base / "config.json").write_text(json.dumps(config))
    assert "2048 is above the base's context of 1024" in refusal(
        ("sequence_length: 256", "sequence_length: 2048")
    )


@pytest.mark.parametrize("kind", ["bloom", "mamba"])
def test_no_limit_is_no_mistake(base: Path, kind: str) -> None:
    put(base, random_family(kind))
    checked(study(("sequence_length: 256", "sequence_length: 4096")))


def test_a_tokenizer_above_the_vocabulary_wherever_that_stands(base: Path) -> None:
    text = json.loads((base / "config.json").read_text()) | {"vocab_size": 100}
    for config in (text, {"model_type": "gemma3", "text_config": text}):
        (base / "config.json").write_text(json.dumps(config))
        assert "highest token is 319 and a model with `vocab_size: 100`" in refusal()


def test_a_tokenizer_without_an_end_of_text_token(base: Path) -> None:
    path = base / "tokenizer_config.json"
    content = {
        key: value for key, value in json.loads(path.read_text()).items() if key != "eos_token"
    }
    path.write_text(json.dumps(content))
    assert "no end-of-text token" in refusal()


def test_a_quantised_base_says_so_wherever_it_stands(base: Path) -> None:
    scheme = {"quant_method": "gptq", "bits": 4}
    change(base / "config.json", quantization_config=scheme)
    assert "is quantised (gptq)" in refusal()


MALFORMED = {
    "binary": b"\x80\x04\x95\x00\xff\xfe",
    "a list": b"[]",
    "nested": b"[" * 100_000,
    "nested objects": b'{"a":' * 100_000,
    "no JSON": b"{",
    "a long number": b'{"vocab_size": ' + b"9" * 5000 + b"}",
    "a number": b"7",
    "null": b"null",
    "nothing": b"",
    "half a character": b'{"model_type": "\\ud800"}',
    "other kinds": b'{"model_type": "llama", "vocab_size": [], "text_config": 3, "model": [],'
    b' "weight_map": [1], "architectures": {"a": 1}, "hidden_size": "x"}',
}
FILES = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("file", FILES)
def test_a_malformed_file_is_a_sentence(base: Path, file: str, content: bytes) -> None:
    (base / file).write_bytes(content)
    assert "base" in refusal()


@pytest.mark.parametrize("file", FILES)
def test_a_pipe_in_the_place_of_a_file(base: Path, file: str) -> None:
    (base / file).unlink()
    os.mkfifo(base / file)
    assert "base" in refusal()


@pytest.mark.parametrize(
    "index",
    [{}, {"weight_map": {}}, {"weight_map": []}, {"weight_map": {"a": 1}},
     {"weight_map": {"a": ["b"]}}, {"weight_map": {"a": "../../x.safetensors"}},
     {"weight_map": {"a": "/etc/passwd"}}, {"weight_map": {"a": "gone.safetensors"}}],
    ids=str,
)  # fmt: skip
def test_an_odd_index_is_a_sentence(base: Path, index: object) -> None:
    (base / "model.safetensors").unlink()
    (base / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "cannot be used" in refusal()


@pytest.mark.parametrize(
    "header",
    [b"[]", b"7", b"{}", b'{"a": 1}', b'{"a": {"data_offsets": "x"}}',
     b'{"a": {"data_offsets": [0, "x"]}}', b'{"a": {"data_offsets": [0, 99999999]}}'],
)  # fmt: skip
def test_an_odd_header_is_a_sentence(base: Path, header: bytes) -> None:
    (base / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    assert "model.safetensors" in refusal()


def test_pickles_are_refused_with_what_to_do(base: Path) -> None:
    (base / "model.safetensors").rename(base / "pytorch_model.bin")
    found = refusal()
    assert "pickles, which can run code" in found and "save_pretrained" in found


def test_a_mistake_of_our_own_stays_one(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a mistake of ours")

    monkeypatch.setattr("rankscope.check.base.load_encoder", broken)
    with pytest.raises(ValueError, match="a mistake of ours"):
        checked(study())


def test_a_hub_base_that_is_not_cached_is_refused_offline(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = message(edited((EMBEDDED, HUB_BASE)))
    assert 'mine.yaml:12: base.repository: "some/model"' in found
    assert f"hf download some/model --revision {REVISION}" in found


def test_a_tokenizer_of_another_model_is_refused(elsewhere: Path) -> None:
    folder = elsewhere / "model"
    folder.mkdir()
    config = {"model_type": "llama", "vocab_size": 3}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizer = {"model": {"vocab": {"a": 0, "b": 1}}, "added_tokens": [{"id": 3}]}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    save_file({"model.embed_tokens.weight": np.zeros((3, 2))}, folder / "model.safetensors")
    found = message(edited((EMBEDDED, "source: local\n  path: model")))
    assert 'mine.yaml:12: base.path: "model" has a tokenizer whose highest token is 3' in found
    assert "allowed: tokens below 3" in found


def test_a_classifier_is_no_base(elsewhere: Path) -> None:
    folder = elsewhere / "model"
    folder.mkdir()
    config = {"model_type": "roberta", "architectures": ["RobertaForSequenceClassification"]}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    save_file({"classifier.weight": np.zeros((3, 2))}, folder / "model.safetensors")
    found = message(edited((EMBEDDED, "source: local\n  path: model")))
    assert found == (
        'mine.yaml:12: base.path: "model" is a RobertaForSequenceClassification; allowed: causal'
        " language models (…ForCausalLM)"
    )


def test_a_quantised_model_is_no_base(elsewhere: Path) -> None:
    model = elsewhere / "packed"
    model.mkdir()
    config = {"model_type": "llama", "quantization_config": {"quant_method": "bitsandbytes"}}
    (model / "config.json").write_text(json.dumps(config), "utf-8")
    (model / "tokenizer.json").write_text("{}", "utf-8")
    save_file({"weight": np.zeros((2, 2))}, model / "model.safetensors")
    found = message(edited((EMBEDDED, "source: local\n  path: packed")))
    assert 'mine.yaml:12: base.path: "packed" is quantised (bitsandbytes)' in found
    assert "`quantisation: nf4`" in found


MASKED = {"bert": "is a BertForMaskedLM", "deberta": "is a DebertaForMaskedLM"}


@pytest.mark.parametrize("family", MASKED)
def test_an_encoder_is_taken_for_documents_and_refused_for_what_continues_text(
    base: Path, family: str
) -> None:
    shutil.rmtree(base)
    save_family(family, base)
    asked = refusal(("sequence_length: 256", "sequence_length: 32"))
    assert MASKED[family] in asked and "allowed: causal language models" in asked
    assert "continues text" in asked
    path = study(("sequence_length: 256", "sequence_length: 32"))
    written = yaml.safe_load(path.read_text())
    del written["evaluate"], written["headline"]
    path.write_text(yaml.safe_dump(written))
    with pytest.raises(StudyError, match="nothing would be measured"):
        checked(path)
    path.write_text(yaml.safe_dump(written | {"spectra": {"ks": [2], "epsilons": [0.5]}}))
    subject = checked(path)
    assert all(counts(subject.study, subject.shape).values())


def test_an_encoder_whose_tokenizer_has_no_mask(base: Path) -> None:
    shutil.rmtree(base)
    save_family("bert", base)
    change(base / "tokenizer_config.json", mask_token=None)
    path = study(("sequence_length: 256", "sequence_length: 32"))
    written = yaml.safe_load(path.read_text())
    del written["evaluate"], written["headline"]
    path.write_text(yaml.safe_dump(written | {"spectra": {"ks": [2], "epsilons": [0.5]}}))
    with pytest.raises(StudyError, match="no token that masks"):
        checked(path)
