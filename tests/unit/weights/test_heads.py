"""Heads of five families: which modules they are, how they are drawn, adapted and left behind."""

import json
import warnings
from pathlib import Path
from typing import get_args

import pytest
import torch

from rankscope.errors import ModelError
from rankscope.records.heads import CausalLM, Classifier, Head, MaskedLM
from rankscope.weights import heads
from rankscope.weights.text_head import text_head
from tiny_heads import ENCODERS, FAMILIES, HEADS, save_family
from tiny_llama import save_base

LABELS = Classifier(labels=("no", "yes", "maybe"))


def own(family: str) -> CausalLM | MaskedLM:
    return MaskedLM() if family in ENCODERS else CausalLM()


def adapted(model, head):
    from peft import LoraConfig, get_peft_model

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return get_peft_model(
            model,
            LoraConfig(r=2, target_modules="all-linear", **heads.adapter_settings(model, head)),
        )


def test_every_head_has_a_way() -> None:
    union, _ = get_args(Head)
    assert {kind.model_fields["kind"].default for kind in get_args(union)} == set(
        heads._LIBRARY_NAMES
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_a_classifier_s_head_is_all_that_is_no_body(bases, family) -> None:
    model = heads.load(bases[family], LABELS)
    assert heads.head_modules(model) == HEADS[family]
    assert model.config.id2label == {0: "no", 1: "yes", 2: "maybe"}
    body = {
        name
        for name, _ in model.base_model.named_parameters(prefix=model.base_model_prefix)
        if "pooler" not in name
    }
    inside = {
        f"{module}.{name}"
        for module in HEADS[family]
        for name, _ in model.get_submodule(module).named_parameters()
    }
    assert {name for name, _ in model.named_parameters()} == body | inside
    assert not body & inside


@pytest.mark.parametrize("family", FAMILIES)
def test_a_head_is_drawn_from_the_seed_alone_and_the_body_is_the_base_s(bases, family) -> None:
    first = heads.load(bases[family], LABELS, seed=5).state_dict()
    torch.rand(7)
    again = heads.load(bases[family], LABELS, seed=5).state_dict()
    other = heads.load(bases[family], LABELS, seed=6).state_dict()
    for name, weight in first.items():
        assert torch.equal(weight, again[name])
        is_drawn = weight.ndim > 1 and any(name.startswith(f"{m}.") for m in HEADS[family])
        assert torch.equal(weight, other[name]) != is_drawn, name
        if is_drawn:
            assert 0.3 < weight.std() / 0.02 < 3


@pytest.mark.parametrize("family", FAMILIES)
def test_an_adapter_leaves_the_head_whole(bases, family) -> None:
    model = adapted(heads.load(bases[family], LABELS), LABELS)
    factors = {name for name, _ in model.named_parameters() if "lora_" in name}
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert factors
    for module in HEADS[family]:
        assert not any(f".{module}." in name for name in factors)
        assert any(f".{module}.modules_to_save." in name for name in trained)
    kinds = {name.split("modules_to_save")[0] for name in trained - factors}
    assert kinds == {f"base_model.model.{module}." for module in HEADS[family]}


@pytest.mark.parametrize("family", ENCODERS)
def test_a_masked_language_model_keeps_its_head_as_it_is(bases, family) -> None:
    model = heads.load(bases[family], MaskedLM())
    stored = type(model).from_pretrained(bases[family]).state_dict()
    assert all(torch.equal(weight, stored[name]) for name, weight in model.state_dict().items())
    trained = {
        name for name, weight in adapted(model, MaskedLM()).named_parameters()
        if weight.requires_grad
    }  # fmt: skip
    assert trained
    assert all(".layer." in name and "lora_" in name for name in trained)


def test_a_causal_head_is_put_on_an_adapter_as_it_always_was(bases) -> None:
    model = heads.load(bases["llama"], CausalLM())
    assert heads.adapter_settings(model, CausalLM()) == {"task_type": "CAUSAL_LM"}


def test_a_classifier_s_own_head_is_not_taken(bases, tmp_path) -> None:
    """A base that was a classifier of other labels gives its body; its head is drawn anew."""
    trained = heads.load(bases["roberta"], Classifier(labels=("a", "b")), seed=1)
    trained.save_pretrained(tmp_path)
    fresh = heads.load(tmp_path, LABELS, seed=5).state_dict()
    expected = heads.load(bases["roberta"], LABELS, seed=5).state_dict()
    assert all(torch.equal(weight, expected[name]) for name, weight in fresh.items())


def test_a_pooler_of_the_base_s_own_is_kept(bases, tmp_path) -> None:
    model = heads.load(bases["bert"], Classifier(labels=("a", "b")), seed=1)
    model.save_pretrained(tmp_path)
    pooler = "bert.pooler.dense.weight"
    kept = heads.load(tmp_path, LABELS, seed=5)
    assert torch.equal(kept.state_dict()[pooler], model.state_dict()[pooler])


@pytest.mark.parametrize("family", FAMILIES)
def test_own_heads_are_known(bases, tmp_path, family) -> None:
    assert heads.own_head(bases[family]) == own(family)
    heads.load(bases[family], LABELS).save_pretrained(tmp_path)
    assert heads.own_head(tmp_path) == LABELS


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3"}, CausalLM()),
        ({"architectures": ["BertModel"], "model_type": "bert"}, MaskedLM()),
        ({"architectures": ["BertForPreTraining"], "model_type": "bert"}, MaskedLM()),
        ({"architectures": ["BertForMaskedLM"], "is_decoder": True}, CausalLM()),
        ({"architectures": ["LlamaModel"], "model_type": "llama"}, CausalLM()),
        ({"architectures": ["LlamaForSequenceClassification"]},
         Classifier(labels=("LABEL_0", "LABEL_1"))),
    ],
    ids=str,
)  # fmt: skip
def test_a_base_s_own_head_is_that_for_text_or_a_classifier(tmp_path, config, expected) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert heads.own_head(tmp_path) == expected
    if not isinstance(expected, Classifier):
        assert text_head(tmp_path) == expected


@pytest.mark.parametrize(
    "labels", [{"0": "score"}, {"no": "0", "yes": "1"}, {"0": "no", "2": "yes"}, {}, ["no", "yes"]]
)
def test_a_classifier_without_numbered_labels_is_a_sentence(tmp_path, labels) -> None:
    config = {"architectures": ["LlamaForSequenceClassification"], "id2label": labels}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"`id2label` is .*two or more labels numbered from 0"):
        heads.own_head(tmp_path)


@pytest.mark.parametrize(
    ("padding", "end", "expected"),
    [(0, 7, 0), (None, 7, 7), (-1, 7, 7), (-1, [8, 9], 8), (5, None, 5)],
)
def test_what_pads_is_the_model_s_own_or_what_ends_a_text(padding, end, expected) -> None:
    from transformers import LlamaConfig

    config = LlamaConfig(pad_token_id=padding, eos_token_id=end)
    assert heads.padding_of(config) == expected


def test_a_model_that_nothing_pads_is_a_sentence() -> None:
    from transformers import LlamaConfig

    with pytest.raises(ModelError, match=r"neither `pad_token_id` nor `eos_token_id`"):
        heads.padding_of(LlamaConfig(pad_token_id=-1, eos_token_id=None))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_body_is_carried_and_a_head_is_not(bases, family) -> None:
    source, target = heads.load(bases[family], LABELS), heads.load(bases[family], own(family))
    before = {name: weight.clone() for name, weight in target.state_dict().items()}
    with torch.no_grad():
        for weight in source.parameters():
            weight.add_(1)
    heads.carry_body(source, target)
    shared = dict(source.named_parameters())
    after = dict(target.named_parameters())
    tied = {id(weight) for weight in target.base_model.parameters()}
    for name, weight in after.items():
        if id(weight) in tied:
            assert torch.equal(weight, shared[name])
        else:
            assert torch.equal(weight, before[name])


def test_a_body_of_another_size_is_refused(bases) -> None:
    with pytest.raises(ModelError, match=r"its body is not that of"):
        heads.carry_body(heads.load(bases["bert"], LABELS), heads.load(bases["gpt2"], LABELS))


def test_a_model_without_its_head_is_not_completed_at_random(tmp_path) -> None:
    from safetensors.torch import load_file, save_file

    base = save_base(tmp_path)
    config = json.loads((base / "config.json").read_text()) | {"tie_word_embeddings": False}
    (base / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"1 weights of a LlamaForCausalLM .* lm_head\.weight"):
        heads.load(base, CausalLM())
    weights = load_file(base / "model.safetensors")
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()
    save_file(weights, base / "model.safetensors", {"format": "pt"})
    heads.load(base, CausalLM())


def test_a_body_is_not_completed_at_random(bases, tmp_path) -> None:
    from safetensors.torch import load_file, save_file

    base = save_family("bert", tmp_path)
    weights = load_file(base / "model.safetensors")
    gone = next(name for name in weights if ".layer.1." in name)
    save_file({k: v for k, v in weights.items() if k != gone}, base / "model.safetensors",
              {"format": "pt"})  # fmt: skip
    with pytest.raises(ModelError, match=gone.replace(".", r"\.")):
        heads.load(base, LABELS)


def test_nobody_else_spells_heads_out() -> None:
    words = ('"CAUSAL_LM"', '"SEQ_CLS"', '"AutoModelForCausalLM"', '"AutoModelForSequence')
    own_file = Path(heads.__file__)
    root = own_file.parents[1]
    assert not [
        f"{path.relative_to(root)}: {line}"
        for path in root.rglob("*.py")
        if path != own_file
        for line in path.read_text("utf-8").splitlines()
        if any(word in line for word in words) and "`" not in line
    ]
