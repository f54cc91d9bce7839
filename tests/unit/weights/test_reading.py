"""Models, matrices and tensors on disk: names, orientation, fused and quantised weights, errors."""

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

from rankscope.errors import ModelError
from rankscope.weights.matrices import module_types, open_model
from rankscope.weights.tensor_files import list_tensors, read_header


def test_half_precisions_keep_their_values(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_torch

    values = torch.randn(5, 7)
    path = tmp_path / "model.safetensors"
    save_torch({"b": values.bfloat16(), "h": values.half(), "f": values}, path)
    stored = read_header(path)
    np.testing.assert_array_equal(stored["b"].read(), values.bfloat16().float().numpy())
    np.testing.assert_array_equal(stored["h"].read(), values.half().float().numpy())
    np.testing.assert_array_equal(stored["f"].read(), values.numpy())
    assert stored["b"].read().dtype == np.float32


def test_truncated_file_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"w": np.zeros((50, 50))}, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match="truncated"):
        read_header(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 a zip file that is longer", struct.pack("<Q", 4) + b"{no}"]
)
def test_foreign_file_is_refused(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"not a safetensors file|header of this safetensors file"):
        read_header(path)


def test_pickled_weights_are_refused_with_the_way_out(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ModelError, match="safe_serialization"):
        list_tensors(tmp_path, "model")


def test_shards_are_read_and_missing_ones_named(tmp_path):
    save_file({"a": np.ones(2)}, tmp_path / "one.safetensors")
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match=r"two\.safetensors"):
        list_tensors(tmp_path, "model")
    save_file({"b": np.zeros(2)}, tmp_path / "two.safetensors")
    assert list_tensors(tmp_path, "model")["b"].read().tolist() == [0, 0]


def test_matrices_are_the_linear_weights_inside_layers(write_model, llama):
    model = open_model(write_model(llama))
    assert [(m.layer, m.module_type, m.shape) for m in model.matrices] == [
        (0, "down_proj", (16, 40)), (0, "up_proj", (40, 16)), (0, "q_proj", (16, 16)),
        (1, "down_proj", (16, 40)), (1, "up_proj", (40, 16)), (1, "q_proj", (16, 16)),
    ]  # fmt: skip


def test_module_types_tell_kinds_apart():
    types = module_types([
        "roberta.encoder.layer.0.attention.self.query",
        "roberta.encoder.layer.0.attention.output.dense",
        "roberta.encoder.layer.0.output.dense",
        "roberta.encoder.layer.1.output.dense",
    ])  # fmt: skip
    assert sorted(set(types.values())) == ["attention.output.dense", "layer.output.dense", "query"]


def test_gpt2_is_transposed_and_its_fused_projection_split(write_model):
    rng = np.random.default_rng(1)
    fused = rng.standard_normal((8, 24))  # Conv1D: in × out
    tensors = {"h.0.attn.c_attn.weight": fused, "h.0.mlp.c_fc.weight": rng.standard_normal((8, 32))}
    model = open_model(write_model(tensors, {"model_type": "gpt2"}))
    shapes = {matrix.name: matrix.shape for matrix in model.matrices}
    assert shapes == {
        "h.0.attn.c_attn[q]": (8, 8), "h.0.attn.c_attn[k]": (8, 8), "h.0.attn.c_attn[v]": (8, 8),
        "h.0.mlp.c_fc": (32, 8),
    }  # fmt: skip
    k = next(matrix for matrix in model.matrices if matrix.part == "k")
    np.testing.assert_array_equal(model.read(k), fused.T[8:16])


@pytest.mark.parametrize("kind", ["GPT2", "OpenAIGPT", "ImageGPT", "DecisionTransformer"])
def test_projections_of_the_gpt_family_are_split_by_their_true_parts(tmp_path, kind):
    transformers = pytest.importorskip("transformers")
    sizes = {"n_layer": 1, "n_head": 2, "bos_token_id": 0, "eos_token_id": 0}
    if kind == "DecisionTransformer":
        config = transformers.DecisionTransformerConfig(hidden_size=8, vocab_size=20, **sizes)
    else:
        crossed = {"add_cross_attention": True} if kind != "OpenAIGPT" else {}
        make = getattr(transformers, f"{kind}Config")
        config = make(n_embd=8, vocab_size=20, n_positions=16, **crossed, **sizes)
    module = getattr(transformers, f"{kind}Model")(config)
    module.save_pretrained(tmp_path)
    state = module.state_dict()
    model = open_model(tmp_path)
    parts = {matrix.name.split("h.0.")[-1]: matrix for matrix in model.matrices}
    expected = {f"attn.c_attn[{part}]" for part in "qkv"}
    if kind in {"GPT2", "ImageGPT"}:
        expected |= {f"crossattention.c_attn[{part}]" for part in "kv"}
    assert {name for name in parts if "c_attn" in name} == expected
    for name, matrix in parts.items():
        stored = state[matrix.tensor].numpy()
        weight = model.read(matrix)
        if "c_attn" in name:
            order = "kv" if "cross" in name else "qkv"
            start = 8 * order.index(name[-2])
            np.testing.assert_array_equal(weight, stored[:, start : start + 8].T)
        else:
            np.testing.assert_array_equal(
                weight, stored.T if "c_" in name or "q_" in name else stored
            )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_base_that_is_not_finite_is_refused_by_matrix_and_file(write_model, llama, value):
    name = "model.layers.1.mlp.up_proj"
    llama[f"{name}.weight"][3, 4] = value
    model = open_model(write_model(llama))
    broken = next(matrix for matrix in model.matrices if matrix.name == name)
    with pytest.raises(
        ModelError, match=r"model\.safetensors: model\.layers\.1\.mlp\.up_proj holds"
    ):
        model.read(broken)
    others = [model.read(matrix) for matrix in model.matrices if matrix != broken]
    assert all(np.isfinite(weight).all() for weight in others)


def test_interleaved_heads_are_split(write_model):
    weight = np.arange(12 * 4, dtype=float).reshape(12, 4)  # 2 heads × (q, k, v) × 2
    config = {"model_type": "gpt_neox", "num_attention_heads": 2}
    model = open_model(
        write_model({"gpt_neox.layers.0.attention.query_key_value.weight": weight}, config)
    )
    v = next(matrix for matrix in model.matrices if matrix.part == "v")
    np.testing.assert_array_equal(model.read(v), weight[[4, 5, 10, 11]])


def test_find_tolerates_a_prefix_and_a_tied_head(write_model, llama):
    model = open_model(write_model(llama))
    assert model.find("layers.0.mlp.up_proj") == "model.layers.0.mlp.up_proj.weight"
    assert model.find("other.model.layers.0.mlp.up_proj") == "model.layers.0.mlp.up_proj.weight"
    assert model.find("lm_head") == "model.embed_tokens.weight"
    assert model.find("model.layers.7.mlp.up_proj") is None
    with pytest.raises(ModelError, match="could be any of"):
        model.find("up_proj")


@pytest.mark.parametrize("double", [False, True])
def test_four_bit_weights_are_dequantised_as_bitsandbytes_does(write_model, double):
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("bitsandbytes").functional
    weight = torch.randn(32, 64, generator=torch.Generator().manual_seed(0))
    packed, state = functional.quantize_4bit(weight, quant_type="nf4", compress_statistics=double)
    name = "model.layers.0.self_attn.q_proj.weight"
    tensors = {name: packed.numpy()}
    tensors |= {f"{name}.{key}": value.numpy() for key, value in state.as_dict(packed=True).items()}
    model = open_model(write_model(tensors))
    (matrix,) = model.matrices
    expected = functional.dequantize_4bit(packed, state).float().numpy()
    np.testing.assert_allclose(model.read(matrix), expected, atol=1e-6)
    assert model.precision(matrix) == "dequantised"


def test_missing_folder_and_missing_config(tmp_path):
    with pytest.raises(ModelError, match="no such folder"):
        open_model(tmp_path / "absent")
    with pytest.raises(ModelError, match=r"config\.json"):
        open_model(tmp_path)


def test_a_damaged_config_is_a_message(write_model, llama):
    folder = write_model(llama)
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"config\.json: this JSON cannot be read"):
        open_model(folder)
