"""`rankscope inspect` on a real model and a peft adapter trained on it; what both verbs refuse."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import load_file, save_file

from rankscope.errors import ArtefactError
from rankscope.spectra.engine import choice
from rankscope.weights.matrices import open_model
from trained_adapter import BASE, NEEDS_DATA, load, oracle, refused, run

pytestmark = NEEDS_DATA


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
