"""Decomposing a base and analysing the steps of a run, against full decompositions."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import load_file, save_file

from counted import Counted
from rankscope.errors import ArtefactError, ModelError
from rankscope.records.keys import KEYS
from rankscope.spectra import cache, stage
from rankscope.spectra.engine.parts.decomposition import decompose
from rankscope.spectra.stage import analyse_run, decompose_base

WANTED = Counted(ks=(1, 5), epsilons=(0.3, 0.6), similarity_size=4)


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    rng = np.random.default_rng(0)
    tensors = {}
    for layer in range(2):
        for module, shape in {"q_proj": (16, 16), "up_proj": (40, 16)}.items():
            tensors[f"model.layers.{layer}.{module}.weight"] = rng.standard_normal(shape)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    save_file(tensors, folder / "model.safetensors")
    return folder


def write_tuned(model, folder, seed, scale=0.3):
    """Write a full checkpoint beside its own difference to the base."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    shutil.copy(model / "config.json", folder)
    tensors = {
        name: tensor + scale * rng.standard_normal(tensor.shape)
        for name, tensor in load_file(model / "model.safetensors").items()
    }
    save_file(tensors, folder / "model.safetensors")
    return tensors


def write_lora(folder, seed):
    """Write a peft adapter of rank 2 on every q_proj."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    config = {"peft_type": "LORA", "r": 2, "lora_alpha": 4}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    tensors = {}
    for layer in range(2):
        prefix = f"base_model.model.model.layers.{layer}.q_proj"
        tensors[f"{prefix}.lora_A.weight"] = rng.standard_normal((2, 16))
        tensors[f"{prefix}.lora_B.weight"] = rng.standard_normal((16, 2))
    save_file(tensors, folder / "adapter_model.safetensors")


def test_run_tables_hold_every_step_matrix_and_cell(tmp_path, model):
    spectra, out = tmp_path / "spectra", tmp_path / "out"
    decompose_base(model, spectra, tmp_path / "resume", "base")
    steps = {10: tmp_path / "a", 5: tmp_path / "b"}
    tuned = {step: write_tuned(model, folder, step) for step, folder in steps.items()}
    keys = {"run": "full-1", "base": "base", "data": "code", "method": "Full", "seed": 0}
    analyse_run(model, spectra, steps, out, keys, WANTED)

    vectors = pl.read_parquet(out / "vectors.parquet")
    assert vectors.columns[: len(KEYS)] == list(KEYS)
    assert vectors.height == 2 * 4 * 2 * 5  # steps × matrices × sides × leading vectors
    original = load_file(model / "model.safetensors")
    for (step, matrix, side), rows in vectors.group_by("step", "matrix", "side"):
        u0, _, v0 = np.linalg.svd(original[f"{matrix}.weight"], full_matrices=False)
        u, s, v = np.linalg.svd(tuned[step][f"{matrix}.weight"], full_matrices=False)
        cosines = np.abs(u0.T @ u if side == "left" else v0 @ v.T).max(axis=0)[:5]
        np.testing.assert_allclose(rows.sort("j")["max_cosine"], cosines, atol=1e-9)
        np.testing.assert_allclose(rows.sort("j")["sigma"], s[:5], rtol=1e-9)
    counts = pl.read_parquet(out / "intruders.parquet")
    assert counts.height == 2 * 4 * 2 * 2 * 2
    expected = vectors.filter(pl.col("max_cosine") < 0.6, pl.col("j") <= 5).height
    assert counts.filter(k=5, epsilon=0.6)["intruders"].sum() == expected
    record = json.loads((out / "run.json").read_text())
    assert record["results"] == {"steps": [5, 10], "matrices": 8}


def test_run_without_steps_gives_empty_tables(tmp_path, model):
    decompose_base(model, tmp_path / "spectra", tmp_path / "resume", "base")
    analyse_run(model, tmp_path / "spectra", {}, tmp_path / "out", {"run": "r"}, WANTED)
    for table in ("matrices", "intruders", "vectors", "similarity", "left_out"):
        rows = pl.read_parquet(tmp_path / "out" / f"{table}.parquet")
        assert rows.height == 0
        assert rows.columns[: len(KEYS)] == list(KEYS)


def test_an_interrupted_decomposition_goes_on_where_it_stopped(tmp_path, model, monkeypatch):
    resume, out = tmp_path / "resume", tmp_path / "spectra"
    done = []

    def interrupted(oriented):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(oriented.shape)
        return decompose(oriented)

    monkeypatch.setattr(stage, "decompose", interrupted)
    with pytest.raises(KeyboardInterrupt):
        decompose_base(model, out, resume, "base")
    assert not out.exists()
    first = {path.name: path.stat().st_mtime_ns for path in resume.glob("*.safetensors")}
    assert len(first) == 2
    monkeypatch.setattr(stage, "decompose", decompose)
    decompose_base(model, out, resume, "base", workers=2)
    after = {path.name: path.stat().st_mtime_ns for path in out.glob("*.safetensors")}
    assert len(after) == 4
    assert {name: after[name] for name in first} == first
    assert not resume.exists()


def test_base_decomposition_resumes_and_refuses_another_base(tmp_path, model):
    spectra = tmp_path / "spectra"
    decompose_base(model, spectra, tmp_path / "resume", "base")
    files = {path.name: path.stat().st_mtime_ns for path in spectra.glob("*.safetensors")}
    (spectra / "model.layers.1.q_proj.safetensors").unlink()
    decompose_base(model, spectra, tmp_path / "resume", "base")
    after = {path.name: path.stat().st_mtime_ns for path in spectra.glob("*.safetensors")}
    changed = {name for name, time in after.items() if files[name] != time}
    assert changed == {"model.layers.1.q_proj.safetensors"}
    assert (spectra / "run.json").is_file()

    write_tuned(model, tmp_path / "other", 1)
    steps = {1: tmp_path / "other"}
    with pytest.raises(ArtefactError, match="belongs to another weight"):
        analyse_run(tmp_path / "other", spectra, steps, tmp_path / "out", {"run": "r"}, WANTED)
    assert not (tmp_path / "out").exists()


def test_single_precision_cache_is_half_the_size_and_says_its_error(tmp_path, model):
    for precision in ("f64", "f32"):
        decompose_base(model, tmp_path / precision, tmp_path / "resume", "base", precision)
    write_tuned(model, tmp_path / "tuned", 3)
    found = {}
    for precision in ("f64", "f32"):
        out = tmp_path / f"out-{precision}"
        steps = {1: tmp_path / "tuned"}
        analyse_run(model, tmp_path / precision, steps, out, {"run": "r"}, WANTED)
        found[precision] = pl.read_parquet(out / "vectors.parquet")
    sizes = [
        sum(path.stat().st_size for path in (tmp_path / precision).glob("*.safetensors"))
        for precision in ("f64", "f32")
    ]
    assert sizes[1] < 0.65 * sizes[0]
    difference = (found["f32"]["max_cosine"] - found["f64"]["max_cosine"]).abs()
    assert (difference <= found["f32"]["error_bound"]).all()
    assert found["f32"]["error_bound"].min() > found["f64"]["error_bound"].max()


def test_a_better_precision_serves_and_a_full_disk_is_refused(tmp_path, model, monkeypatch):
    spectra, resume = tmp_path / "spectra", tmp_path / "resume"
    decompose_base(model, spectra, resume, "base", "f64")
    before = {path.name: path.stat().st_mtime_ns for path in spectra.glob("*.safetensors")}
    decompose_base(model, spectra, resume, "base", "f32")
    after = {path.name: path.stat().st_mtime_ns for path in spectra.glob("*.safetensors")}
    assert after == before
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(ArtefactError, match=r"4 base decompositions take .* GB in f64"):
        decompose_base(model, tmp_path / "new", tmp_path / "resume-new", "base")
    assert not list(tmp_path.glob("resume-new/*.safetensors"))


def test_a_weight_that_is_not_finite_has_no_rows(tmp_path, model):
    decompose_base(model, tmp_path / "spectra", tmp_path / "resume", "base")
    tensors = write_tuned(model, tmp_path / "step", 1)
    tensors["model.layers.0.q_proj.weight"][3, 3] = np.nan
    save_file(tensors, tmp_path / "step" / "model.safetensors")
    steps = {1: tmp_path / "step"}
    analyse_run(model, tmp_path / "spectra", steps, tmp_path / "out", {"run": "r"}, WANTED)
    matrices = pl.read_parquet(tmp_path / "out" / "matrices.parquet")
    assert sorted(matrices["matrix"]) == [
        "model.layers.0.up_proj", "model.layers.1.q_proj", "model.layers.1.up_proj",
    ]  # fmt: skip


def test_a_step_that_does_not_fit_leaves_no_tables(tmp_path, model):
    decompose_base(model, tmp_path / "spectra", tmp_path / "resume", "base")
    folder = tmp_path / "step"
    write_lora(folder, 0)
    save_file(
        {"base_model.model.model.layers.0.q_proj.lora_A.weight": np.zeros((2, 9))},
        folder / "adapter_model.safetensors",
    )
    with pytest.raises(ModelError):
        analyse_run(model, tmp_path / "spectra", {1: folder}, tmp_path / "o", {"run": "r"}, WANTED)
    assert not (tmp_path / "o").exists()
