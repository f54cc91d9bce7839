"""Updates as peft defines them, from A and B alone; adapters that do not fit are refused."""

import numpy as np
import pytest

from rankscope.errors import ModelError
from rankscope.weights.adapters.adapters import open_tuned
from rankscope.weights.matrices import open_model

Q = "model.layers.0.self_attn.q_proj"
UP = "model.layers.1.mlp.up_proj"


def factors(rng, module, rows, columns, rank):
    return {
        f"{module}.lora_A.weight": rng.standard_normal((rank, columns)).astype(np.float32),
        f"{module}.lora_B.weight": rng.standard_normal((rows, rank)).astype(np.float32),
    }


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


def test_a_base_without_layers_is_refused(write_model):
    tensors = {"encoder.weight": np.ones((3, 3)), "norm.weight": np.ones(3)}
    base = open_model(write_model(tensors))
    with pytest.raises(ModelError, match="numbered layers"):
        open_tuned(write_model(tensors, name="tuned"), base)


@pytest.mark.parametrize("kind", ["lora_A", "lora_B"])
@pytest.mark.parametrize("module", [Q, "model.layers.0.conv", "model.norm"])
def test_half_of_a_pair_of_factors_is_refused_whatever_it_is_on(
    write_model, write_adapter, llama, module, kind
):
    """Of a kernel or a norm, too, of which nothing would be analysed."""
    rng = np.random.default_rng(0)
    base = open_model(write_model(llama | {"model.layers.0.conv.weight": np.ones((8, 4, 3))}))
    half = {f"{module}.{kind}.weight": rng.standard_normal((4, 16))}
    other = {"lora_A": "lora_B", "lora_B": "lora_A"}[kind]
    with pytest.raises(ModelError, match=rf"{module} has only {kind}: its {other} is missing"):
        open_tuned(write_adapter(factors(rng, UP, 40, 16, 4) | half), base)
