"""Where files and memory differ: every piece against the weights that transformers loads."""

import pytest

from rankscope.weights.layouts import library
from rankscope.weights.layouts.layout import PLAIN_TYPES, is_linear, plain_layout
from rankscope.weights.layouts.library import class_names, library_layouts
from rankscope.weights.matrices import open_model
from rankscope.weights.tensor_files import list_tensors, read_config

torch = pytest.importorskip("torch")
FAMILIES = pytest.importorskip("adapted_families").FAMILIES


def write(name, folder):
    torch.manual_seed(0)
    made = FAMILIES[name].make()
    with torch.no_grad():
        for weight in made.parameters():
            weight.copy_(torch.randn_like(weight))
    made.save_pretrained(folder)
    return type(made).from_pretrained(folder, dtype=torch.float32)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_plain_types_are_held_as_they_are_stored(name, tmp_path):
    write(name, tmp_path)
    config = read_config(tmp_path / "config.json")
    if config["model_type"] not in PLAIN_TYPES:
        pytest.skip("the library is asked for this type")
    tensors = list_tensors(tmp_path, "model")
    plain = plain_layout(config, tensors)
    held = next(library_layouts(tmp_path, tensors, class_names(config, {})))

    def matrices(layout):
        return {
            (piece.tensor, piece.flipped, piece.shape, layout.parameters[piece.parameter].kind)
            for piece in layout.pieces
            if layout.parameters[piece.parameter].is_matrix
            and any(c.isdigit() for c in piece.tensor)
        }

    assert matrices(plain) == matrices(held)


@pytest.mark.parametrize("name", ["gpt-oss", "llama4", "vit-gpt2", "granite-moe"])
def test_what_configurations_tell_without_transformers(name, tmp_path, monkeypatch):
    write(name, tmp_path)
    held = {matrix.name: matrix for matrix in open_model(tmp_path).matrices}
    monkeypatch.setattr(library, "is_installed", lambda: False)
    alone = {matrix.name: matrix for matrix in open_model(tmp_path).matrices}
    assert {key: (m.shape, m.cache_key) for key, m in held.items()} == {
        key: (m.shape, m.cache_key) for key, m in alone.items()
    }


@pytest.mark.parametrize(
    ("tensor", "linear"),
    [
        ("model.layers.3.self_attn.q_proj.weight", True),
        ("h.0.attn.c_attn.weight", True),
        ("model.embed_tokens.weight", False),
        ("transformer.wte.weight", False),
        ("encoder.layer.1.output.LayerNorm.weight", False),
        ("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", False),
    ],
)
def test_a_name_says_whether_a_matrix_is_linear(tensor, linear):
    assert is_linear(tensor) is linear
