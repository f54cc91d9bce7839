"""`rankscope repair` on a real model and a peft adapter trained on it."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from trained_adapter import BASE, NEEDS_DATA, load, logits, oracle, run

pytestmark = NEEDS_DATA


@pytest.mark.parametrize("scale", [0.0, 0.7, 1.0])
def test_repaired_adapter_is_the_intervention(trained, tmp_path, scale):
    import peft
    import torch

    out = tmp_path / "repaired"
    run("repair", trained / "adapter", "--base", BASE, "--scale", scale, "--out", out)
    record = json.loads((out / "repair.json").read_text())
    scaled = {row["matrix"]: row["j"] for row in record["scaled"]}
    repaired = {name: after for name, _, after in oracle(out)}
    assert scaled
    for matrix, before, after in oracle(trained / "adapter"):
        u0 = np.linalg.svd(before, full_matrices=False)[0]
        u, s, v = np.linalg.svd(after, full_matrices=False)
        intruders = np.flatnonzero(np.abs(u0.T @ u).max(axis=0)[:10] < 0.5)
        expected = after
        if len(intruders):
            top = intruders[0]
            assert scaled[matrix] == top + 1
            expected = after + (scale - 1) * s[top] * np.outer(u[:, top], v[top])
        else:
            assert matrix not in scaled
        np.testing.assert_allclose(repaired[matrix], expected, atol=2e-5 * s[0])
    reloaded = peft.PeftModel.from_pretrained(load(), out).eval()
    if scale == 1:
        original = torch.load(trained / "logits.pt")
        torch.testing.assert_close(logits(reloaded), original, atol=1e-5, rtol=0)
    ranks = {name: module.r["default"] for name, module in reloaded.named_modules()
             if hasattr(module, "lora_A")}  # fmt: skip
    assert set(ranks.values()) <= {4, 5}


def test_repaired_merged_model_equals_the_repaired_adapter(trained, tmp_path):
    import peft
    import torch

    common = ["--base", BASE, "--scale", "0.3", "--all"]
    run("repair", trained / "adapter", *common, "--out", tmp_path / "adapter")
    run("repair", trained / "adapter", *common, "--merged", "--out", tmp_path / "merged")
    from_adapter = peft.PeftModel.from_pretrained(load(), tmp_path / "adapter").eval()
    torch.testing.assert_close(
        logits(load(tmp_path / "merged")), logits(from_adapter), atol=1e-4, rtol=0
    )
    run("repair", trained / "merged", *common, "--merged", "--out", tmp_path / "full")
    torch.testing.assert_close(
        logits(load(tmp_path / "full")), logits(from_adapter), atol=1e-4, rtol=0
    )


def test_control_scales_a_direction_that_is_no_intruder(trained, tmp_path):
    run("repair", trained / "adapter", "--base", BASE, "--scale", 0.5, "--control",
        "--out", tmp_path / "control")  # fmt: skip
    scaled = json.loads((tmp_path / "control" / "repair.json").read_text())["scaled"]
    assert scaled
    assert all(row["max_cosine"] >= 0.5 for row in scaled)


def test_that_nothing_was_scaled_is_said(trained, tmp_path):
    import peft
    import torch

    common = ["--base", BASE, "--scale", 0.5, "--epsilon", 0]
    said = run("repair", trained / "adapter", *common, "--out", tmp_path / "out")
    assert "nothing was scaled" in said
    same = peft.PeftModel.from_pretrained(load(), tmp_path / "out").eval()
    torch.testing.assert_close(logits(same), torch.load(trained / "logits.pt"))
    said = run("repair", trained / "adapter", *common, "--merged", "--out", tmp_path / "merged")
    assert "nothing was scaled" in said


def test_fused_transposed_projections_are_repaired_part_by_part(tmp_path):
    """GPT-2: Conv1D stores in × out, and c_attn holds q, k and v; each has its own intruder."""
    import peft
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    base = GPT2LMHeadModel(
        GPT2Config(vocab_size=60, n_positions=32, n_embd=32, n_layer=1, n_head=4)
    )
    base.save_pretrained(tmp_path / "base")
    before = base.state_dict()["transformer.h.0.attn.c_attn.weight"].double().numpy().T.copy()
    config = peft.LoraConfig(r=3, lora_alpha=6, target_modules=["c_attn"], fan_in_fan_out=True)
    adapter = peft.get_peft_model(base, config)
    with torch.no_grad():
        for name, parameter in adapter.named_parameters():
            if "lora_B" in name:
                parameter.normal_()
    adapter.save_pretrained(tmp_path / "adapter")
    common = ["--base", tmp_path / "base", "--scale", 0.2]
    run("repair", tmp_path / "adapter", *common, "--out", tmp_path / "repaired")
    run("repair", tmp_path / "adapter", *common, "--merged", "--out", tmp_path / "merged")

    def merged(folder):
        fresh = GPT2LMHeadModel.from_pretrained(tmp_path / "base")
        model = peft.PeftModel.from_pretrained(fresh, folder).merge_and_unload()
        return model.state_dict()["transformer.h.0.attn.c_attn.weight"].double().numpy().T

    after = merged(tmp_path / "adapter")
    expected = after.copy()
    for start in (0, 32, 64):
        part = after[start : start + 32]
        u0 = np.linalg.svd(before[start : start + 32])[0]
        u, s, v = np.linalg.svd(part)
        top = np.flatnonzero(np.abs(u0.T @ u).max(axis=0)[:10] < 0.5)[0]
        expected[start : start + 32] += (0.2 - 1) * s[top] * np.outer(u[:, top], v[top])
    np.testing.assert_allclose(merged(tmp_path / "repaired"), expected, atol=1e-5)
    full = load_file(tmp_path / "merged" / "model.safetensors")
    (name,) = [name for name in full if name.endswith("c_attn.weight")]
    np.testing.assert_allclose(full[name].T, expected, atol=1e-5)
