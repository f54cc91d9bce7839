"""The matrices of a model: names, orientation, fused weights, errors."""

import numpy as np
import pytest

from rankscope.errors import ModelError
from rankscope.weights.matrices import module_types, open_model


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


def test_find_tolerates_a_prefix_and_a_tied_head(write_model, llama):
    model = open_model(write_model(llama))
    assert model.find("layers.0.mlp.up_proj") == "model.layers.0.mlp.up_proj.weight"
    assert model.find("other.model.layers.0.mlp.up_proj") == "model.layers.0.mlp.up_proj.weight"
    assert model.find("lm_head") == "model.embed_tokens.weight"
    assert model.find("model.layers.7.mlp.up_proj") is None
    with pytest.raises(ModelError, match="could be any of"):
        model.find("up_proj")


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
