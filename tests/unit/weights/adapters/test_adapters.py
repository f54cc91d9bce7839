"""Updates as peft defines them, from A and B alone; adapters that do not fit are refused."""

import numpy as np
import pytest

from rankscope.errors import ModelError
from rankscope.weights.adapters.adapters import open_tuned
from rankscope.weights.matrices import open_model
from rankscope.weights.updates import LowRank

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


def named(tensors, name):
    return {key.replace(".weight", f".{name}.weight"): each for key, each in tensors.items()}


def test_factors_under_the_name_of_an_adapter_are_read_and_several_refused(
    write_model, write_adapter, llama
):
    base = open_model(write_model(llama))
    tensors = factors(np.random.default_rng(0), Q, 16, 16, 4)
    one, two = (open_tuned(write_adapter(each, str(i)), base)
                for i, each in enumerate((tensors, named(tensors, "mine"))))  # fmt: skip
    (matrix,) = two.matrices
    weight = base.read(matrix)
    np.testing.assert_array_equal(
        one.update(matrix, weight).dense(), two.update(matrix, weight).dense()
    )
    both = named(tensors, "mine") | named(tensors, "yours")
    with pytest.raises(ModelError, match=r"several adapters \(mine, yours\)"):
        open_tuned(write_adapter(both, "both"), base)


def test_a_folder_of_adapters_names_them(write_model, write_adapter, llama, tmp_path):
    base = open_model(write_model(llama))
    (tmp_path / "all").mkdir()
    write_adapter(factors(np.random.default_rng(0), Q, 16, 16, 4), "all/one")
    with pytest.raises(ModelError, match="its folders one hold adapters"):
        open_tuned(tmp_path / "all", base)


def test_kernels_alone_are_named_as_what_they_are(write_model, write_adapter, llama):
    rng = np.random.default_rng(0)
    kernel = {"model.layers.0.conv.weight": rng.standard_normal((8, 4, 3))}
    base = open_model(write_model(llama | kernel))
    lora = {"model.layers.0.conv.lora_A.weight": rng.standard_normal((4, 4, 3)),
            "model.layers.0.conv.lora_B.weight": rng.standard_normal((8, 4, 1))}  # fmt: skip
    with pytest.raises(ModelError, match=r"no matrix, but 1 convolutions .*layers\.0\.conv"):
        open_tuned(write_adapter(lora), base)


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


def test_magnitudes_of_another_size_are_refused(write_model, write_adapter, llama):
    base = open_model(write_model(llama))
    tensors = factors(np.random.default_rng(0), UP, 40, 16, 4)
    tensors[f"{UP}.lora_magnitude_vector"] = np.ones(16, np.float32)
    with pytest.raises(ModelError, match=r"magnitudes of \(16,\).* 40 outputs"):
        open_tuned(write_adapter(tensors, use_dora=True), base)


def test_embedding_adapter_is_transposed(write_model, write_adapter, llama):
    rng = np.random.default_rng(0)
    module = "model.embed_tokens"
    a, b = rng.standard_normal((4, 30)), rng.standard_normal((16, 4))
    folder = write_adapter({f"{module}.lora_embedding_A": a, f"{module}.lora_embedding_B": b})
    model = open_model(write_model(llama))
    adapter = open_tuned(folder, model)
    (matrix,) = adapter.matrices
    np.testing.assert_allclose(adapter.update(matrix, model.read(matrix)).dense(), 2 * (b @ a).T)


def test_adapter_on_a_fused_projection_is_split_like_its_weight(write_model, write_adapter):
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((8, 24))
    model = open_model(
        write_model({"transformer.h.0.attn.c_attn.weight": weight}, {"model_type": "gpt2"})
    )
    tensors = factors(rng, "transformer.h.0.attn.c_attn", 24, 8, 4)
    adapter = open_tuned(write_adapter(tensors, fan_in_fan_out=True), model)
    updates = [adapter.update(matrix, model.read(matrix)).dense() for matrix in adapter.matrices]
    a, b = tensors.values()
    np.testing.assert_allclose(np.concatenate(updates), 2 * b.astype(float) @ a.astype(float))


def test_full_checkpoint_gives_the_difference(write_model, llama):
    rng = np.random.default_rng(0)
    tuned = {name: t + 0.1 * rng.standard_normal(t.shape) for name, t in llama.items()}
    base = open_model(write_model(llama))
    checkpoint = open_tuned(write_model(tuned, name="tuned"), base)
    assert checkpoint.matrices == base.matrices
    for matrix in base.matrices:
        update = checkpoint.update(matrix, base.read(matrix).astype(float))
        np.testing.assert_allclose(update.dense(), tuned[matrix.tensor] - llama[matrix.tensor])


def test_a_diverged_checkpoint_is_read_and_says_so(write_model, llama):
    base = open_model(write_model(llama))
    diverged = llama | {f"{Q}.weight": np.full((16, 16), np.nan, np.float32)}
    checkpoint = open_tuned(write_model(diverged, name="tuned"), base)
    finite = {m.module: checkpoint.update(m, base.read(m)).is_finite for m in base.matrices}
    assert [module for module, is_finite in finite.items() if not is_finite] == [Q]


def test_checkpoint_with_a_head_fits_a_base_without(write_model, llama):
    bare = {name.removeprefix("model."): tensor for name, tensor in llama.items()}
    base = open_model(write_model(llama))
    checkpoint = open_tuned(write_model(bare, name="bare"), base)
    assert not checkpoint.update(base.matrices[0], base.read(base.matrices[0])).dense().any()


def test_what_another_vocabulary_changes_is_left_out_by_name(write_model, write_adapter, llama):
    base = open_model(write_model(llama))
    larger = llama | {"model.embed_tokens.weight": np.zeros((31, 16), np.float32)}
    tensors = factors(np.random.default_rng(0), Q, 16, 16, 4)
    whole = tensors | {"model.embed_tokens.weight": np.zeros((31, 16))}
    head = tensors | factors(np.random.default_rng(0), "lm_head", 31, 16, 4)
    for folder in (
        write_model(larger, name="larger"),
        write_adapter(whole, "whole"),
        write_adapter(head, "head"),
    ):
        tuned = open_tuned(folder, base)
        assert {matrix.layer for matrix in tuned.matrices} <= {0, 1}
        assert any("embed_tokens" in e.name or "lm_head" in e.name for e in tuned.left_out)
    only = factors(np.random.default_rng(0), "lm_head", 31, 16, 4)
    with pytest.raises(ModelError, match="another vocabulary"):
        open_tuned(write_adapter(only, "only"), base)


def test_unknown_modules_wrong_shapes_and_other_kinds_are_refused(
    write_model, write_adapter, llama
):
    rng = np.random.default_rng(0)
    base = open_model(write_model(llama))
    elsewhere = factors(rng, "model.layers.9.self_attn.q_proj", 16, 16, 4)
    with pytest.raises(ModelError, match="does not have"):
        open_tuned(write_adapter(elsewhere, "unknown"), base)
    with pytest.raises(ModelError, match="belongs to another base"):
        open_tuned(write_adapter(factors(rng, Q, 24, 16, 4), "shape"), base)
    with pytest.raises(ModelError, match="merge_and_unload"):
        open_tuned(write_adapter({}, "ia3", peft_type="IA3"), base)
    with pytest.raises(ModelError, match="pissa_niter_4"):
        open_tuned(write_adapter({}, "pissa", init_lora_weights="pissa_niter_4"), base)
    with pytest.raises(ModelError, match="no LoRA factors"):
        open_tuned(write_adapter({}, "empty"), base)
    half = {f"{Q}.lora_A.weight": np.zeros((4, 16))}
    with pytest.raises(ModelError, match="has only"):
        open_tuned(write_adapter(half, "half"), base)
    shard = factors(rng, Q, 16, 16, 4) | {f"{Q}.lora_A.weight": np.zeros(64)}
    with pytest.raises(ModelError, match="belongs to another base"):
        open_tuned(write_adapter(shard, "shard"), base)
    whole = factors(rng, Q, 16, 16, 4) | {f"{UP}.weight": np.zeros((16, 40))}
    with pytest.raises(ModelError, match="trained whole"):
        open_tuned(write_adapter(whole, "whole"), base)
    twice = factors(rng, Q, 16, 16, 4) | factors(rng, f"other.{Q}", 16, 16, 4)
    with pytest.raises(ModelError, match="are both"):
        open_tuned(write_adapter(twice, "twice"), base)
    smaller = {
        name: tensor[:, :8] if tensor.ndim == 2 else tensor for name, tensor in llama.items()
    }
    with pytest.raises(ModelError, match="in the base"):
        open_tuned(write_model(smaller, name="smaller"), base)
    with pytest.raises(ModelError, match="neither a peft adapter"):
        open_tuned(base.folder.parent, base)


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


def test_a_base_without_layers_is_refused(write_model):
    tensors = {"encoder.weight": np.ones((3, 3)), "norm.weight": np.ones(3)}
    base = open_model(write_model(tensors))
    with pytest.raises(ModelError, match="numbered layers"):
        open_tuned(write_model(tensors, name="tuned"), base)
