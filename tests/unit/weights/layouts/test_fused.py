"""Fused weights are split by the rows that the model reads, as transformers has it."""

import numpy as np
import pytest

from rankscope.weights.layouts.fused import parts_of
from rankscope.weights.layouts.layout import Parameter, Piece
from rankscope.weights.matrices import open_model


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


def test_interleaved_heads_are_split(write_model):
    weight = np.arange(12 * 4, dtype=float).reshape(12, 4)  # 2 heads × (q, k, v) × 2
    config = {"model_type": "gpt_neox", "num_attention_heads": 2}
    model = open_model(
        write_model({"gpt_neox.layers.0.attention.query_key_value.weight": weight}, config)
    )
    v = next(matrix for matrix in model.matrices if matrix.part == "v")
    np.testing.assert_array_equal(model.read(v), weight[[4, 5, 10, 11]])


def piece(height, **changes):
    return Piece("t.weight", "t.weight", (height, 4), **changes)


def parameter(model_type, name, **config):
    return Parameter(name, "linear", model_type, config)


def test_grouped_queries_take_their_share_of_the_rows():
    """4 heads of 2 for queries, 2 for keys, 2 for values: 16 rows."""
    fused = parameter(
        "phi3", "l.0.qkv_proj.weight", num_attention_heads=4, num_key_value_heads=2
    )  # fmt: skip
    assert parts_of(piece(16), fused) == {
        "q": slice(0, 8), "k": slice(8, 12), "v": slice(12, 16),
    }  # fmt: skip


def test_what_is_not_known_to_be_fused_is_one_matrix():
    for known, changes in (
        (parameter("llama", "l.0.qkv_proj.weight"), {}),
        (parameter("phi3", "l.0.down_proj.weight"), {}),
        # a part of a tensor is split already
        (parameter("phi3", "l.0.gate_up_proj.weight"), {"rows": (range(4),)}),
    ):
        assert parts_of(piece(8, **changes), known) == {"": slice(0, 8)}
