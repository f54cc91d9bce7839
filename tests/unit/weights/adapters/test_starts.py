"""What starts take out of a base: closed forms, peft itself, and what is not defined."""

import logging

import numpy as np
import pytest

from rankscope.errors import ModelError
from rankscope.weights.adapters.adapters import open_tuned
from rankscope.weights.adapters.starts import taken
from rankscope.weights.matrices import open_model

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(9, 9), (9, 14), (14, 9)])
@pytest.mark.parametrize("rank", [1, 4, 9, 20])
def test_pissa_takes_the_leading_triplets(shape, rank):
    weight = RNG.standard_normal(shape)
    u, s, v = np.linalg.svd(weight, full_matrices=False)
    found = taken("pissa", weight, rank, 2.0, False)
    np.testing.assert_allclose(
        found.left @ found.right, (u[:, :rank] * s[:rank]) @ v[:rank], atol=1e-12
    )
    assert found.open < 1e-3


@pytest.mark.parametrize("shape", [(9, 14), (14, 9)])
@pytest.mark.parametrize("is_transposed", [False, True])
def test_olora_takes_the_first_columns_of_what_is_stored(shape, is_transposed):
    weight = RNG.standard_normal(shape)
    stored = weight.T if is_transposed else weight
    q, r = np.linalg.qr(stored)
    expected = 2.0 * q[:, :4] @ r[:4]
    found = taken("olora", weight, 4, 2.0, is_transposed)
    made = found.left @ found.right
    np.testing.assert_allclose(made.T if is_transposed else made, expected, atol=1e-12)


def test_what_single_precision_does_not_define_is_refused():
    """Two equal singular values on either side of r, and equal columns."""
    u = np.linalg.qr(RNG.standard_normal((8, 8)))[0]
    equal = u @ np.diag([5, 4, 3, 3, 2, 1, 1, 1.0]) @ u.T
    with pytest.raises(ModelError, match="path_initial_model_for_weight_conversion"):
        taken("pissa", equal, 3, 1.0, False).check("w", 1.0)
    taken("pissa", equal, 2, 1.0, False).check("w", 1.0)
    columns = RNG.standard_normal((8, 8))
    columns[:, 1] = columns[:, 0]
    with pytest.raises(ModelError, match="in float32"):
        taken("olora", columns, 3, 1.0, False).check("w", 1.0)


def test_what_is_badly_defined_beside_a_small_update_is_said(caplog):
    u = np.linalg.qr(RNG.standard_normal((8, 8)))[0]
    close = u @ np.diag([5, 4, 3, 2.99, 2, 1, 1, 1.0]) @ u.T
    found = taken("pissa", close, 3, 1.0, False)
    with caplog.at_level(logging.WARNING):
        found.check("w", 10.0)
        assert not caplog.text
        found.check("w", found.open)
    assert "w: what the adapter's start took out" in caplog.text
    # to first order: rounding to single precision moves it by less
    rounded = close.astype(np.float32).astype(np.float64)
    rounded += 2e-7 * RNG.standard_normal((8, 8))
    other = taken("pissa", rounded, 3, 1.0, False)
    moved = np.linalg.norm(other.left @ other.right - found.left @ found.right, 2)
    assert moved < found.open


@pytest.mark.parametrize(
    ("start", "target"), [("pissa", "c_attn"), ("pissa", "c_fc"), ("olora", "attn.c_proj")]
)
def test_transposed_and_fused_weights_start_as_in_peft(tmp_path, start, target):
    peft, torch = pytest.importorskip("peft"), pytest.importorskip("torch")
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    sizes = {"vocab_size": 30, "n_positions": 8, "n_embd": 8, "n_layer": 1, "n_head": 2}
    base = GPT2LMHeadModel(GPT2Config(bos_token_id=0, eos_token_id=0, **sizes))
    base.save_pretrained(tmp_path / "base")
    module = base.get_submodule(f"transformer.h.0.{'mlp.' * (target == 'c_fc')}"
                                f"{'attn.' * (target == 'c_attn')}{target}")  # fmt: skip
    before = module.weight.detach().double().numpy().T.copy()
    config = peft.LoraConfig(
        r=3, lora_alpha=5, target_modules=[target], fan_in_fan_out=True, init_lora_weights=start
    )
    model = peft.get_peft_model(base, config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter))
    model.save_pretrained(tmp_path / "adapter")
    model.base_model.merge_adapter()
    layer = next(each for each in model.modules() if hasattr(each, "lora_A"))
    expected = layer.get_base_layer().weight.detach().double().numpy().T - before
    read = open_model(tmp_path / "base")
    tuned = open_tuned(tmp_path / "adapter", read)
    found = np.concatenate([
        tuned.update(matrix, read.read(matrix)).dense() for matrix in tuned.matrices
    ])  # fmt: skip
    np.testing.assert_allclose(found, expected, atol=2e-6)
