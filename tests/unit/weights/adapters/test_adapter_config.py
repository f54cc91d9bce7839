"""Ranks and scales are peft's; what a configuration cannot say is refused by its file and key."""

import time
from pathlib import Path

import numpy as np
import pytest

from rankscope.errors import ModelError
from rankscope.weights.adapters.adapter_config import check_patterns, is_plain_lora, scale_of
from rankscope.weights.adapters.adapters import open_tuned
from rankscope.weights.matrices import open_model
from rankscope.weights.updates import LowRank

peft = pytest.importorskip("peft")
Q = "model.layers.0.self_attn.q_proj"


UP = "model.layers.1.mlp.up_proj"


def factors(rng, module, rows, columns, rank):
    return {
        f"{module}.lora_A.weight": rng.standard_normal((rank, columns)).astype(np.float32),
        f"{module}.lora_B.weight": rng.standard_normal((rows, rank)).astype(np.float32),
    }


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({}, 8 / 4),
        ({"use_rslora": True}, 8 / 2),
        ({"alpha_pattern": {"q_proj": 12}}, 12 / 4),
        ({"alpha_pattern": {r"layers\.\d\.self_attn\.q_proj": 2}}, 2 / 4),
        ({"alpha_pattern": {"up_proj": 99}, "use_rslora": True}, 8 / 2),
    ],
)
def test_scaling_follows_peft(write_model, write_adapter, llama, config, scale):
    tensors = factors(np.random.default_rng(0), Q, 16, 16, 4)
    model = open_model(write_model(llama))
    adapter = open_tuned(write_adapter(tensors, **config), model)
    (matrix,) = adapter.matrices
    update = adapter.update(matrix, model.read(matrix))
    a, b = tensors[f"{Q}.lora_A.weight"], tensors[f"{Q}.lora_B.weight"]
    assert isinstance(update, LowRank)
    np.testing.assert_allclose(update.dense(), scale * b.astype(float) @ a.astype(float))


@pytest.mark.parametrize("pattern", ["(.*)*(.*)*(.*)*X", "((a+)+)+$", "(?:\\w{2,}?){3,}"])
def test_patterns_that_could_take_for_ever_are_refused(write_model, write_adapter, llama, pattern):
    tensors = factors(np.random.default_rng(0), Q, 16, 16, 4)
    with pytest.raises(ModelError, match="repeats a repetition"):
        open_tuned(
            write_adapter(tensors, alpha_pattern={pattern: 3}), open_model(write_model(llama))
        )


@pytest.mark.parametrize("targets", [5, [1], "q_proj.weight"])
def test_targets_that_are_no_list_of_names_are_refused(write_model, write_adapter, llama, targets):
    tensors = factors(np.random.default_rng(0), Q, 16, 16, 4)
    with pytest.raises(ModelError, match="target_parameters is"):
        open_tuned(
            write_adapter(tensors, target_parameters=targets), open_model(write_model(llama))
        )


def test_rank_pattern_shows_in_the_factors(write_model, write_adapter, llama):
    rng = np.random.default_rng(0)
    tensors = factors(rng, Q, 16, 16, 4) | factors(rng, UP, 40, 16, 2)
    model = open_model(write_model(llama))
    adapter = open_tuned(write_adapter(tensors, rank_pattern={"up_proj": 2}), model)
    updates = {m.module_type: adapter.update(m, model.read(m)) for m in adapter.matrices}
    assert {name: update.rank for name, update in updates.items()} == {"q_proj": 4, "up_proj": 2}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"lora_alpha": None}, "lora_alpha is None; allowed is a number"),
        ({"lora_alpha": True}, "lora_alpha is True; allowed is a number"),
        ({"lora_alpha": "8"}, "lora_alpha is '8'"),
        ({"lora_alpha": float("nan")}, "lora_alpha is nan"),
        ({"lora_alpha": float("inf")}, "lora_alpha is inf"),
        ({"lora_alpha": 1e308}, r"adapter_config\.json: lora_alpha is 1e\+308"),
        ({"lora_alpha": -1e308}, "float32 can hold"),
        ({"lora_alpha": 10**400}, "lora_alpha is 1000.* …; allowed"),
        ({"lora_alpha": [8]}, r"lora_alpha is \[8\]"),
        ({"r": 0}, "r is 0; allowed is a whole number from 1"),
        ({"r": -4}, "r is -4"),
        ({"r": True}, "r is True"),
        ({"r": 4.0}, r"r is 4\.0"),
        ({"r": "4"}, "r is '4'"),
        ({"r": None}, "r is None"),
        ({"r": 8}, "is of rank 8 .* factors are of rank 4"),
        ({"rank_pattern": {"q_proj": 2}}, "is of rank 2 .* factors are of rank 4"),
        ({"rank_pattern": {"q_proj": 0}}, r"rank_pattern\['q_proj'\] is 0"),
        ({"rank_pattern": [4]}, "rank_pattern is .*allowed is an object"),
        ({"alpha_pattern": "q_proj"}, "alpha_pattern is .*allowed is an object"),
        ({"alpha_pattern": {"q_proj": None}}, r"alpha_pattern\['q_proj'\] is None"),
        ({"alpha_pattern": {"q_proj": "3"}}, r"alpha_pattern\['q_proj'\] is '3'"),
        ({"alpha_pattern": {"q_proj": {}}}, r"alpha_pattern\['q_proj'\] is \{\}"),
        ({"alpha_pattern": {"*q_proj": 3}}, r"'\*q_proj' of alpha_pattern is no regular expr"),
        ({"rank_pattern": {"(": 3}}, r"'\(' of rank_pattern is no regular expression"),
        ({"alpha_pattern": {"a{9999999999999}": 3}}, "no regular expression"),
        ({"use_rslora": "yes"}, "use_rslora is 'yes'; allowed is true or false"),
        ({"use_dora": 1}, "use_dora is 1"),
        ({"layer_replication": [[0, 2], [0, 2]]}, "repeats layers"),
    ],
)
def test_a_config_that_does_not_say_the_update_is_refused(
    write_model, write_adapter, llama, config, message
):
    tensors = factors(np.random.default_rng(0), Q, 16, 16, 4)
    with pytest.raises(ModelError, match=message):
        open_tuned(write_adapter(tensors, **config), open_model(write_model(llama)))


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "3", "\ufeff[]", "[" * 100_000])
def test_a_config_that_is_none_is_a_sentence(write_model, write_adapter, llama, content):
    folder = write_adapter(factors(np.random.default_rng(0), Q, 16, 16, 4))
    (folder / "adapter_config.json").write_text(content, "utf-8")
    with pytest.raises(ModelError, match=r"adapter_config\.json: this JSON"):
        open_tuned(folder, open_model(write_model(llama)))


@pytest.mark.parametrize("alpha", [-8, 0, 0.5])
def test_an_alpha_of_any_sign_scales_as_in_peft(write_model, write_adapter, llama, alpha):
    tensors = factors(np.random.default_rng(0), Q, 16, 16, 4)
    model = open_model(write_model(llama))
    adapter = open_tuned(write_adapter(tensors, lora_alpha=alpha), model)
    (matrix,) = adapter.matrices
    a, b = tensors[f"{Q}.lora_A.weight"], tensors[f"{Q}.lora_B.weight"]
    update = adapter.update(matrix, model.read(matrix)).dense()
    np.testing.assert_allclose(update, alpha / 4 * b.astype(float) @ a.astype(float))


@pytest.mark.parametrize(
    ("config", "is_plain"),
    [
        ({"use_rslora": True, "use_dora": True}, True),
        ({"init_lora_weights": "gaussian"}, True),
        ({"init_lora_weights": "orthogonal"}, True),
        ({"init_lora_weights": False}, True),
        ({"init_lora_weights": "eva", "eva_config": peft.EvaConfig()}, True),
        ({"init_lora_weights": "pissa_niter_4"}, False),
        ({"init_lora_weights": "olora"}, True),
        ({"init_lora_weights": "pissa"}, True),
        ({"init_lora_weights": "corda"}, False),
        ({"init_lora_weights": "loftq", "loftq_config": {"loftq_bits": 4}}, False),
        ({"monteclora_config": {"num_samples": 2}}, False),
        ({"use_bdlora": {"nblocks": 2}}, False),
        ({"kasa_config": {"beta": 1.0}}, False),
        ({"use_qalora": True}, False),
    ],
)
def test_only_what_is_known_to_be_plain_is_plain(config, is_plain):
    given = peft.LoraConfig(target_modules=["q_proj"]).to_dict() | config
    assert is_plain_lora(given) == is_plain
    assert is_plain_lora(given | {"use_something_new": {"of": 1}}) is False


def test_patterns_that_could_take_minutes_are_refused_before_they_are_compared(
    write_model, write_adapter, llama
):
    tensors = factors(np.random.default_rng(0), Q, 16, 16, 4)
    base = open_model(write_model(llama))
    for number, pattern in enumerate((".*" * 8 + "X", ".*a" * 12, "(a|b)" * 40 + "c", "a?" * 40)):
        with pytest.raises(ModelError, match="repeats so much") as caught:
            open_tuned(write_adapter(tensors, str(number), alpha_pattern={pattern: 3}), base)
        assert "adapter_config.json" in str(caught.value)


@pytest.mark.parametrize(
    "pattern",
    [".*.*.*X", r"model\.layers\.\d+\..*q_proj", "|".join(f"l.{n}.q" for n in range(80)),
     r"layers\.(?:0|1|2)\.self_attn\.(q|k|v)_proj", r"[.*+?|]{3}a\*\+"],
)  # fmt: skip
def test_patterns_that_people_write_are_compared_at_once(pattern):
    modules = [f"model.layers.{layer}.self_attn.q_proj" for layer in range(80)]
    began = time.monotonic()
    check_patterns(Path("adapter"), {"alpha_pattern": {pattern: 3}}, modules)
    for module in modules:
        scale_of({"lora_alpha": 8, "alpha_pattern": {pattern: 3}}, module, 4)
    assert time.monotonic() - began < 5
