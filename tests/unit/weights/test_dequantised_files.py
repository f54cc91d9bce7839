"""A quantised base in float32: by the formula, everything else as it was, index included."""

import json

import numpy as np
from safetensors.numpy import load_file, save_file

from rankscope.weights.dequantised_files import write_float32
from rankscope.weights.matrices import open_model

Q = "model.layers.0.self_attn.q_proj"


def eight_bit():
    """LLM.int8(): W[i, j] = q[i, j] · SCB[i] / 127."""
    rng = np.random.default_rng(0)
    return {
        f"{Q}.weight": rng.integers(-127, 128, (4, 6), dtype=np.int8),
        f"{Q}.SCB": np.array([1.27, 2.54, 0.0, 127.0], dtype=np.float32),
        f"{Q}.weight_format": np.zeros((), dtype=np.uint8),
        "model.norm.weight": rng.standard_normal(4).astype(np.float16),
    }


def test_weights_are_by_the_formula_and_their_state_is_gone(write_model, tmp_path):
    tensors = eight_bit()
    out = tmp_path / "out"
    out.mkdir()
    assert write_float32(open_model(write_model(tensors)), out)
    written = load_file(out / "model.safetensors")
    assert set(written) == {f"{Q}.weight", "model.norm.weight"}
    expected = tensors[f"{Q}.weight"] * np.array([[0.01], [0.02], [0.0], [1.0]])
    np.testing.assert_allclose(written[f"{Q}.weight"], expected, rtol=1e-6)
    np.testing.assert_array_equal(written["model.norm.weight"], tensors["model.norm.weight"])
    assert {each.dtype for each in written.values()} == {np.dtype(np.float32)}
    assert [path.name for path in out.iterdir()] == ["model.safetensors"]


def test_shards_stay_shards_with_an_index_of_what_is_left(write_model, tmp_path):
    folder = write_model({"unused": np.zeros(1)})
    (folder / "model.safetensors").unlink()
    tensors = eight_bit()
    norm = {"model.norm.weight": tensors.pop("model.norm.weight")}
    for name, part in (("one", tensors), ("two", norm)):
        save_file(part, folder / f"{name}.safetensors")
    places = dict.fromkeys(tensors, "one.safetensors") | dict.fromkeys(norm, "two.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    out = tmp_path / "out"
    out.mkdir()
    assert write_float32(open_model(folder), out)
    index = json.loads((out / "model.safetensors.index.json").read_text())
    assert index["weight_map"] == {
        f"{Q}.weight": "one.safetensors", "model.norm.weight": "two.safetensors",
    }  # fmt: skip
    (out / "config.json").write_text('{"model_type": "llama"}')
    assert [matrix.shape for matrix in open_model(out).matrices] == [(4, 6)]


def test_of_a_model_that_is_not_quantised_nothing_is_written(write_model, llama, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    assert not write_float32(open_model(write_model(llama)), out)
    assert list(out.iterdir()) == []
