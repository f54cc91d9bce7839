"""`rankscope inspect` and `rankscope repair` on a real model and a peft adapter trained on it."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import load_file, save_file
from typer.testing import CliRunner

from rankscope.cli import app
from rankscope.errors import ArtefactError, RankscopeError
from rankscope.spectra.engine import choice
from rankscope.weights.matrices import open_model

DATA = os.environ.get("RANKSCOPE_DATA")
pytestmark = pytest.mark.skipif(
    DATA is None, reason="RANKSCOPE_DATA is unset: it names the folder with models/stories260k"
)
BASE = Path(DATA or ".") / "models" / "stories260k"


def load(folder=BASE):
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def logits(model):
    import torch

    with torch.no_grad():
        return model(torch.arange(1, 60).reshape(1, -1)).logits


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train LoRA on a few repeated sequences, hard enough to make intruders; keep it merged too."""
    import peft
    import torch

    folder = tmp_path_factory.mktemp("trained")
    torch.manual_seed(0)
    config = peft.LoraConfig(r=4, lora_alpha=8, target_modules="all-linear")
    model = peft.get_peft_model(load(), config)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-2)
    tokens = torch.randint(3, 500, (4, 48))
    for _ in range(25):
        model(tokens, labels=tokens).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval().save_pretrained(folder / "adapter")
    torch.save(logits(model), folder / "logits.pt")
    model.merge_and_unload().save_pretrained(folder / "merged")
    return folder


def run(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def oracle(adapter_folder):
    """Singular triplets and largest cosines of every matrix, by peft's merge and numpy's SVD."""
    import peft

    merged = peft.PeftModel.from_pretrained(load(), adapter_folder).merge_and_unload()
    base = load().state_dict()
    for name, weight in merged.state_dict().items():
        if name.endswith("_proj.weight"):
            before, after = base[name].double().numpy(), weight.double().numpy()
            yield name.removesuffix(".weight"), before, after


def test_inspect_adapter_and_merged_model(trained, tmp_path):
    out = tmp_path / "out"
    output = run(
        "inspect", trained / "adapter", trained / "merged", "--base", BASE, "--out", out,
        "--workers", 1,
    )  # fmt: skip
    assert "adapter" in output
    assert "q_proj" in output
    vectors = pl.read_parquet(out / "vectors.parquet")
    assert vectors.columns == [
        "adapter", "matrix", "side", "j", "sigma", "max_cosine", "is_interval", "base_index",
        "error_bound", "method",
    ]  # fmt: skip
    assert not vectors["is_interval"].any()
    matrices = pl.read_parquet(out / "matrices.parquet")
    assert matrices.height == 2 * 35
    assert matrices.filter(adapter="adapter")["rank"].unique().to_list() == [4]
    assert matrices.filter(adapter="adapter")["intruders_left"].sum() > 0
    for matrix, before, after in oracle(trained / "adapter"):
        u0, _, v0 = np.linalg.svd(before, full_matrices=False)
        u, s, v = np.linalg.svd(after, full_matrices=False)
        for side, cosines in (("left", u0.T @ u), ("right", v0 @ v.T)):
            rows = vectors.filter(adapter="adapter", matrix=matrix, side=side).sort("j")
            expected = np.abs(cosines).max(axis=0)[:10]
            np.testing.assert_allclose(rows["max_cosine"], expected, atol=1e-4)
            np.testing.assert_allclose(rows["sigma"], s[:10], rtol=1e-5)
            (row,) = matrices.filter(adapter="adapter", matrix=matrix).iter_rows(named=True)
            assert row[f"intruders_{side}"] == (expected < 0.5).sum()


def test_only_the_vectors_asked_for_are_listed_and_counted(trained, tmp_path):
    run("inspect", trained / "adapter", "--base", BASE, "--out", tmp_path, "--k", 10)
    (cosine,) = (
        pl.read_parquet(tmp_path / "vectors.parquet")
        .filter(pl.col("j") == 3, pl.col("max_cosine") < 0.999)["max_cosine"]
        .head(1)
    )
    # ε is the cosine of a third vector: undecided among three, no question among two
    for k, is_open in ((3, True), (2, False)):
        run("inspect", trained / "adapter", "--base", BASE, "--out", tmp_path, "--k", k,
            "--epsilon", cosine)  # fmt: skip
        assert pl.read_parquet(tmp_path / "vectors.parquet")["j"].max() == k
        matrices = pl.read_parquet(tmp_path / "matrices.parquet")
        assert (matrices["undecided"].sum() > 0) == is_open


def test_similarity_maps_of_any_size(trained, tmp_path):
    run("inspect", trained / "adapter", "--base", BASE, "--out", tmp_path, "--similarity", 40)
    similarity = pl.read_parquet(tmp_path / "similarity.parquet")
    assert similarity.columns == ["adapter", "matrix", "side", "i", "j", "cosine"]
    for matrix, before, after in oracle(trained / "adapter"):
        u0, _, v0 = np.linalg.svd(before, full_matrices=False)
        u, _, v = np.linalg.svd(after, full_matrices=False)
        for side, cosines in (("left", u0.T @ u), ("right", v0 @ v.T)):
            size = min(40, *before.shape)
            found = similarity.filter(matrix=matrix, side=side).sort("i", "j")
            assert found.height == size * size
            # leading ones: the trailing values of a small weight lie too close to be told apart
            leading = found["cosine"].to_numpy().reshape(size, size)[:5, :5]
            np.testing.assert_allclose(leading, np.abs(cosines)[:5, :5], atol=1e-4)
    assert pl.read_parquet(tmp_path / "vectors.parquet")["j"].max() == 10


def test_page_is_self_contained_and_holds_every_adapter(trained, tmp_path):
    run("inspect", trained / "adapter", "--base", BASE, "--out", tmp_path, "--workers", 1)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
    assert "intruder dimension" in page
    data = page.split('id="similarity-data">')[1].split("</script>")[0]
    assert len(json.loads(data)["matrices"]) == 35


def write_checkpoint(folder, shapes, seed):
    folder.mkdir()
    rng = np.random.default_rng(seed)
    (folder / "config.json").write_text(json.dumps({"model_type": "t5"}))
    tensors = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    save_file(tensors, folder / "model.safetensors")


def test_maps_count_every_matrix_and_tell_every_type(tmp_path):
    """Several experts in one cell, encoder beside decoder, a head outside of all layers."""
    types = [f"{half}.block.0.layer.0.SelfAttention.q" for half in ("encoder", "decoder")]
    experts = [f"encoder.block.0.layer.1.experts.{expert}.wi" for expert in range(3)]
    shapes = {f"{module}.weight": (6, 8) for module in types + experts}
    write_checkpoint(tmp_path / "base", shapes, 0)
    write_checkpoint(tmp_path / "tuned", shapes, 1)
    run("inspect", tmp_path / "tuned", "--base", tmp_path / "base", "--out", tmp_path,
        "--k", 4, "--epsilon", 1)  # fmt: skip
    page = (tmp_path / "index.html").read_text("utf-8")
    assert page.count("wi, layer 0: 12 of 12") == 2  # ε = 1: each of 3 · 4 vectors, both sides
    assert page.count("encoder…SelfAttention.q<") == 2
    assert page.count("decoder…SelfAttention.q<") == 2


def test_a_quantised_base_is_said_to_be_dequantised(tmp_path):
    name = "model.layers.0.q_proj.weight"
    rng = np.random.default_rng(0)
    for folder, values in (("base", rng.integers(-127, 127, (8, 8), dtype=np.int8)),
                           ("tuned", rng.standard_normal((8, 8)))):  # fmt: skip
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config.json").write_text('{"model_type": "llama"}')
        scales = {name.removesuffix("weight") + "SCB": np.ones(8, np.float32)}
        tensors = {name: values} | (scales if folder == "base" else {})
        save_file(tensors, tmp_path / folder / "model.safetensors")
    output = run("inspect", tmp_path / "tuned", "--base", tmp_path / "base", "--out", tmp_path)
    page = (tmp_path / "index.html").read_text("utf-8")
    for said in (" ".join(output.split()), page):
        assert "compared dequantised: 1 of 1 base matrices" in said


def test_workers_and_cache_change_nothing(trained, tmp_path):
    cache = tmp_path / "cache"
    found = []
    for name, extra in (("one", []), ("two", ["--cache", cache]), ("three", ["--cache", cache])):
        workers = 2 if name == "two" else 1
        run("inspect", trained / "adapter", "--base", BASE, "--out", tmp_path / name,
            "--workers", workers, *extra)  # fmt: skip
        found.append(pl.read_parquet(tmp_path / name / "vectors.parquet"))
    assert len(list(cache.glob("*.safetensors"))) == 35
    exact = pl.exclude("sigma", "max_cosine", "error_bound")
    for other in found[1:]:
        assert found[0].select(exact).equals(other.select(exact))
        np.testing.assert_allclose(found[0]["max_cosine"], other["max_cosine"], atol=1e-12)


def test_a_cache_is_never_written_again_in_another_precision(trained, tmp_path, caplog):
    common = ["inspect", trained / "adapter", "--base", BASE, "--workers", 1]
    caplog.set_level("INFO", "rankscope")
    for built, asked in (("f64", "f32"), ("f32", "f32")):
        cache = tmp_path / built
        run(*common, "--cache", cache, "--precision", built)
        assert "35 base decompositions are missing" in caplog.text
        caplog.clear()
        before = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
        run(*common, "--cache", cache, "--precision", asked)
        assert "are missing" not in caplog.text
        assert {path.name: path.stat().st_mtime_ns for path in cache.iterdir()} == before
    with pytest.raises(ArtefactError, match=r"stored in f32, f64 was asked for.*--precision f32"):
        run(*common, "--cache", tmp_path / "f32")
    assert {path.name for path in (tmp_path / "f32").iterdir()} == set(before)


def test_a_cache_that_the_disk_has_no_room_for_is_not_begun(trained, tmp_path, monkeypatch):
    cache = tmp_path / "deep" / "cache"
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    common = ["inspect", trained / "adapter", "--base", BASE, "--cache", cache]
    with pytest.raises(ArtefactError, match=r"take .* in f64 .*`--precision f32`: half"):
        run(*common)
    assert not cache.exists()


@pytest.mark.parametrize("way", ["low-rank", "dense-certified", "cacheless"])
def test_every_way_finds_what_the_complete_one_does(trained, tmp_path, monkeypatch, way):
    """The test model is small: only the sizes from which a way pays are taken away."""
    adapter = trained / ("merged" if way == "dense-certified" else "adapter")
    common = ["inspect", adapter, "--base", BASE, "--workers", 1, "--k", 2, "--similarity", 2]
    run(*common, "--out", tmp_path / "complete")
    for size in ("_SMALL", "_SMALL_FOR_HIGH_RANK"):
        monkeypatch.setattr(choice, size, 0)
    if way == "cacheless":
        monkeypatch.setattr(choice, "_SMALL_BASE", 0)
    run(*common, "--out", tmp_path / "fast")
    keys = ["adapter", "matrix", "side", "j"]
    both = pl.read_parquet(tmp_path / "complete" / "vectors.parquet").join(
        pl.read_parquet(tmp_path / "fast" / "vectors.parquet"), on=keys, suffix="_fast"
    )
    assert both.height == 35 * 2 * 2
    assert both["method"].unique().to_list() == ["gram"]
    fast = both.filter(pl.col("method_fast") == way)
    assert fast.height > both.height / 2
    within = (fast["max_cosine"] - fast["max_cosine_fast"]).abs() <= (
        fast["error_bound"] + fast["error_bound_fast"]
    )
    assert within.all()
    # what is called a value is one; what is not, is called an interval
    values = fast.filter(~pl.col("is_interval_fast"))
    np.testing.assert_allclose(values["max_cosine"], values["max_cosine_fast"], atol=2e-3)
    assert fast.filter((pl.col("max_cosine") - pl.col("max_cosine_fast")).abs() > 2e-3)[
        "is_interval_fast"
    ].all()
    assert fast["is_interval_fast"].any() == (way == "cacheless")
    np.testing.assert_allclose(both["sigma_fast"], both["sigma"], rtol=1e-9)
    found = [pl.read_parquet(tmp_path / name / "matrices.parquet") for name in ("complete", "fast")]
    assert (found[1]["undecided"] == 0).all()
    assert found[1]["intervals"].sum() == both["is_interval_fast"].sum()
    page = (tmp_path / "fast" / "index.html").read_text("utf-8")
    assert ("known as an interval only" in page) == (way == "cacheless")
    assert ('"between 0.' in page) == (way == "cacheless")
    for column in ("intruders_left", "intruders_right"):
        assert found[0][column].to_list() == found[1][column].to_list()


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


def refused(*arguments, match):
    with pytest.raises(RankscopeError, match=match):
        run(*arguments)


def test_folders_that_cannot_take_results_are_refused_before_any_work(trained, tmp_path):
    adapter = tmp_path / "adapter"
    shutil.copytree(trained / "adapter", adapter)
    before = {path: path.read_bytes() for path in adapter.iterdir()}
    (tmp_path / "file").write_text("mine")
    for option in (["--out"], ["--out", tmp_path / "good", "--cache"]):
        for bad in (tmp_path / "file", tmp_path / "file" / "below", adapter, adapter / "x"):
            refused("inspect", adapter, "--base", BASE, *option, bad,
                    match="is a file|what is read|Not a directory")  # fmt: skip
    for bad in (tmp_path / "file", adapter):
        refused("repair", adapter, "--base", BASE, "--scale", 0.5, "--out", bad,
                match="is a file|what is read")  # fmt: skip
    assert {path: path.read_bytes() for path in adapter.iterdir()} == before
    assert (tmp_path / "file").read_text() == "mine"
    refused("inspect", "x" * 5000, "--base", BASE, match="File name too long")
    refused("inspect", adapter, "--base", "y" * 5000, match="File name too long")


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


def test_what_does_not_fit_is_refused_by_name(trained, tmp_path):
    base = tmp_path / "other"
    shutil.copytree(BASE, base)
    tensors = load_file(BASE / "model.safetensors")
    halved = {
        name: tensor[:, :32] if tensor.ndim == 2 else tensor for name, tensor in tensors.items()
    }
    (base / "model.safetensors").chmod(0o644)
    save_file({k: np.ascontiguousarray(v) for k, v in halved.items()}, base / "model.safetensors")
    refused("inspect", trained / "adapter", "--base", base, match="another base")
    refused("inspect", trained / "adapter", "--base", tmp_path / "none", match="no such folder")
    broken = tmp_path / "broken"
    shutil.copytree(trained / "adapter", broken)
    weights = broken / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    refused("inspect", broken, "--base", BASE, match=r"damaged|truncated")
    full = tmp_path / "full"
    full.mkdir()
    (full / "something").touch()
    refused("repair", trained / "adapter", "--base", BASE, "--scale", 1, "--out", full,
            match="not empty")  # fmt: skip
    refused("repair", trained / "merged", "--base", BASE, "--scale", 1, "--out", tmp_path / "x",
            match="--merged")  # fmt: skip


def test_the_commit_of_a_branch_is_said(trained, tmp_path, monkeypatch, caplog):
    commit = "0123456789" * 4
    snapshot = tmp_path / "models--someone--adapter" / "snapshots" / commit
    shutil.copytree(trained / "adapter", snapshot)
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(snapshot))
    caplog.set_level("INFO", "rankscope")
    run("inspect", "someone/adapter@main", "--base", BASE, "--out", tmp_path / "out")
    said = f"someone/adapter at commit {commit}"
    assert f"someone/adapter@main: {said}" in caplog.text
    assert said in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_encoders_are_read_too(tmp_path):
    """RoBERTa's names, an adapter trained on a classifier and the base saved without a head."""
    import peft
    import torch
    from transformers import RobertaConfig, RobertaForSequenceClassification

    config = RobertaConfig(vocab_size=60, hidden_size=32, num_hidden_layers=2,
                           num_attention_heads=4, intermediate_size=64)  # fmt: skip
    torch.manual_seed(0)
    classifier = RobertaForSequenceClassification(config)
    classifier.roberta.save_pretrained(tmp_path / "base")
    adapter = peft.get_peft_model(
        classifier,
        peft.LoraConfig(task_type="SEQ_CLS", r=2, target_modules=["query", "dense"],
                        exclude_modules=["classifier.dense"]),
    )  # fmt: skip
    with torch.no_grad():
        for name, parameter in adapter.named_parameters():
            if "lora_B" in name:
                parameter.normal_()
    adapter.save_pretrained(tmp_path / "adapter")
    run("inspect", tmp_path / "adapter", "--base", tmp_path / "base", "--out", tmp_path / "out",
        "--workers", 1)  # fmt: skip
    matrices = pl.read_parquet(tmp_path / "out" / "matrices.parquet")
    assert matrices.height == 2 * 4
    assert len(open_model(tmp_path / "base").matrices) == 2 * 6


@pytest.mark.parametrize("kind", ["ia3", "loha", "adalora", "pissa"])
def test_other_adapters_are_merged_by_peft(tmp_path, kind):
    import peft
    import torch

    targets = ["q_proj", "v_proj"]
    config = {
        "ia3": peft.IA3Config(target_modules=targets, feedforward_modules=[]),
        "loha": peft.LoHaConfig(target_modules=targets, r=2),
        "adalora": peft.AdaLoraConfig(target_modules=targets, init_r=3, total_step=10),
        "pissa": peft.LoraConfig(target_modules=targets, r=2, init_lora_weights="pissa"),
    }[kind]
    torch.manual_seed(0)
    model = peft.get_peft_model(load(), config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.2 * torch.randn_like(parameter))
    model.save_pretrained(tmp_path / "adapter")
    run("inspect", tmp_path / "adapter", "--base", BASE, "--out", tmp_path / "out",
        "--workers", 1)  # fmt: skip
    found = pl.read_parquet(tmp_path / "out" / "matrices.parquet")
    before, after = load().state_dict(), model.merge_and_unload().state_dict()
    for matrix, norm in found.select("matrix", "frobenius_norm").iter_rows():
        change = (after[f"{matrix}.weight"] - before[f"{matrix}.weight"]).norm().item()
        assert norm == pytest.approx(change, rel=1e-3, abs=1e-5)
    changed = found.filter(pl.col("frobenius_norm") > 0.01)
    assert changed["module_type"].unique().sort().to_list() == targets


def test_prompts_have_no_spectrum(tmp_path):
    import peft

    config = peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)
    peft.get_peft_model(load(), config).save_pretrained(tmp_path)
    refused("inspect", tmp_path, "--base", BASE, match="changes no weight")


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
