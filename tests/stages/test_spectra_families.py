"""Own runs and audits on models that are held otherwise than they are stored."""

import warnings

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from counted import Counted
from rankscope.cli import app
from rankscope.records.heads import CausalLM
from rankscope.records.methods import FullFineTuning, Lora
from rankscope.spectra.stage import analyse_run, decompose_base

peft = pytest.importorskip("peft")
torch = pytest.importorskip("torch")
FAMILIES = pytest.importorskip("adapted_families").FAMILIES


def write_base(name, folder):
    torch.manual_seed(0)
    made = FAMILIES[name].make()
    with torch.no_grad():
        for weight in made.parameters():
            if weight.ndim > 1:
                weight.normal_(std=0.2)
    made.save_pretrained(folder)
    return folder


def train(model, only=lambda name: True):
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.requires_grad and weight.ndim > 1 and only(name):
                weight.add_(0.2 * torch.randn_like(weight))
    return model


def inspected(*arguments):
    result = CliRunner().invoke(app, ["inspect", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize("name", ["gemma3", "qwen3-moe", "gpt-oss", "gpt2"])
@pytest.mark.parametrize(
    "method", [Lora(rank=2, alpha=4.0), FullFineTuning()], ids=["lora", "full"]
)
def test_own_runs_pass(tmp_path, name, method):
    from rankscope.train.model import trainable_model

    base = write_base(name, tmp_path / "base")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trained = train(trainable_model(base, method, "float32", CausalLM()))
        trained.save_pretrained(tmp_path / "step")
    decompose_base(base, tmp_path / "spectra", tmp_path / "resume", "base")
    analyse_run(
        base, tmp_path / "spectra", {4: tmp_path / "step"}, tmp_path / "out", {"run": "r"},
        Counted((2,), (0.5,), 2),
    )  # fmt: skip
    matrices = pl.read_parquet(tmp_path / "out" / "matrices.parquet")
    assert matrices.height > 0
    assert (matrices["frobenius_norm"] > 0).all()
    left_out = pl.read_parquet(tmp_path / "out" / "left_out.parquet")
    assert left_out["step"].unique().to_list() == ([4] if left_out.height else [])
    assert left_out.height > 0 or isinstance(method, Lora)


def test_only_the_experts_were_trained(tmp_path):
    """What changed is counted, what did not is in no other number, and everything is named."""
    base = write_base("granite-moe", tmp_path / "base")
    loaded = type(FAMILIES["granite-moe"].make()).from_pretrained(base, dtype=torch.float32)
    train(loaded, lambda name: "experts.down_proj" in name).save_pretrained(tmp_path / "tuned")
    said = inspected(tmp_path / "tuned", "--base", base, "--out", tmp_path, "--workers", 1)
    matrices = pl.read_parquet(tmp_path / "matrices.parquet")
    changed = matrices.filter("changed")
    assert changed["module_type"].unique().to_list() == ["output_linear"]
    assert changed.height == 2 * 4
    every = 2 * (4 + 4 + 1 + 4)
    assert matrices.height == every
    assert f"all 8 of {every}" in said
    untouched = matrices.filter(~pl.col("changed"))
    assert (
        untouched.select("intruders_left", "intruders_right", "undecided").sum_horizontal().sum()
        == 0
    )
    page = (tmp_path / "index.html").read_text("utf-8")
    assert f"{every - 8} of {every} matrices are unchanged" in page
    for text in (said, page):
        assert "model.embed_tokens.weight" in text
        assert "5 norms (as in the base" in text
    left_out = pl.read_parquet(tmp_path / "left_out.parquet")
    assert left_out.columns == ["adapter", "tensor", "kind", "shape", "changed", "reason"]
    assert not left_out["changed"].any()


@pytest.mark.parametrize(("name", "tied"), [("t5", "shared"), ("bart", "model.shared")])
def test_heads_and_embeddings_on_a_shared_tensor(tmp_path, name, tied):
    base = write_base(name, tmp_path / "base")
    loaded = type(FAMILIES[name].make()).from_pretrained(base, dtype=torch.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = peft.LoraConfig(r=2, lora_alpha=4, target_modules=["lm_head", "embed_tokens"])
        adapted = train(peft.get_peft_model(loaded, config))
        adapted.save_pretrained(tmp_path / "adapter")
    inspected(tmp_path / "adapter", "--base", base, "--out", tmp_path, "--workers", 1)
    norms = dict(pl.read_parquet(tmp_path / "matrices.parquet")
                 .select("matrix", "frobenius_norm").iter_rows())  # fmt: skip
    adapted_modules = {
        key: module for key, module in adapted.base_model.model.named_modules()
        if hasattr(module, "get_delta_weight")
    }  # fmt: skip
    assert set(norms) == set(adapted_modules)
    for key, norm in norms.items():
        delta = adapted_modules[key].get_delta_weight("default").norm().item()
        assert norm == pytest.approx(delta, rel=1e-4)


def test_a_cache_keeps_orientations_apart(tmp_path):
    """GPT-2's square projections: a decomposition of the transposed weight is another one."""
    base = write_base("gpt2", tmp_path / "base")
    loaded = type(FAMILIES["gpt2"].make()).from_pretrained(base, dtype=torch.float32)
    train(loaded).save_pretrained(tmp_path / "tuned")
    found = []
    for name in ("once", "again"):
        inspected(tmp_path / "tuned", "--base", base, "--out", tmp_path / name, "--workers", 1,
                  "--cache", tmp_path / "cache")  # fmt: skip
        found.append(pl.read_parquet(tmp_path / name / "vectors.parquet")["max_cosine"])
    np.testing.assert_allclose(*found, atol=1e-12)
    names = [path.name for path in (tmp_path / "cache").glob("*.safetensors")]
    assert names
    assert all(".in-out." in name for name in names)


@pytest.mark.parametrize("name", ["qwen3-moe", "gpt-oss", "vit-gpt2"])
def test_a_repair_that_changes_nothing_is_the_merge(tmp_path, name):
    """λ = 1: whatever is stacked, split or transposed lands where peft's own merge puts it."""
    from safetensors.numpy import load_file

    base, family = write_base(name, tmp_path / "base"), FAMILIES[name]
    loaded = type(family.make()).from_pretrained(base, dtype=torch.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = peft.LoraConfig(
            r=2, lora_alpha=4, target_modules=family.targets, task_type=family.task,
            **family.adapter,
        )  # fmt: skip
        adapted = train(peft.get_peft_model(loaded, config))
        adapted.save_pretrained(tmp_path / "adapter")
        adapted.merge_and_unload().save_pretrained(tmp_path / "merged")
    result = CliRunner().invoke(
        app,
        ["repair", str(tmp_path / "adapter"), "--base", str(base), "--scale", "1", "--merged",
         "--out", str(tmp_path / "repaired")],
        catch_exceptions=False,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    expected = load_file(tmp_path / "merged" / "model.safetensors")
    found = load_file(tmp_path / "repaired" / "model.safetensors")
    assert found.keys() == expected.keys()
    for key, weight in expected.items():
        np.testing.assert_allclose(found[key], weight, atol=2e-5, err_msg=key)
