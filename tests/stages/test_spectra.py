"""The verbs `rankscope spectra base` and `rankscope spectra run` on a tiny model."""

import json
import shutil
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import save_file
from typer.testing import CliRunner

from artefacts_of import spectra_of
from counted import Counted
from rankscope.artefacts import layout
from rankscope.spectra.cli import app
from rankscope.spectra.stage import decompose_base
from rankscope.studies.expand import load_study
from sealing import seal

WANTED = Counted(ks=(1, 5), epsilons=(0.3, 0.6), similarity_size=4)
STUDY = """
study: tiny
title: Tiny
question: Does the stage work?
data:
  code: {source: standard-library, content: code}
base: {source: embedded, corpus: code}
train_on: code
seeds: [0]
recipe: {steps: 4, keep: [0.5, 1.0]}
grid:
  - {method: full, learning_rate: 1.0e-3}
  - {method: lora, rank: 2, alpha: 2r, learning_rate: 1.0e-3}
evaluate:
  demo:
    - {name: code, kind: bits-per-byte, measures: learning, data: code}
spectra: {ks: [1, 5], epsilons: [0.3, 0.6], similarity_size: 4}
"""


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


def test_verbs_follow_the_layout(tmp_path, model, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(STUDY)
    study = load_study(tmp_path / "tiny.yaml")
    lora = next(run for run in study.runs if run.method.rank == 2)
    shutil.copytree(model, layout.base_model(study.base.name))
    for step in (2, 4):
        write_lora(tmp_path / layout.kept_weights(lora.name) / layout.step_folder(step), step)
    seal()

    runner = CliRunner()
    for arguments in (["base"], ["run", lora.name]):
        result = runner.invoke(app, [*arguments, "--study", "./tiny.yaml"])
        assert result.exit_code == 0, result.output
    out = tmp_path / layout.spectra(spectra_of(study, lora.name).name)
    matrices = pl.read_parquet(out / "matrices.parquet")
    assert matrices.select("step", "matrix").n_unique() == 4
    assert matrices["update_rank"].to_list() == [2] * 4
    assert matrices["run"].unique().to_list() == [lora.name]
    assert matrices["rank"].unique().to_list() == [2]


def test_the_stage_starts_without_heavy_libraries(tmp_path, model):
    """Process start-up would cost more than the analysis of a small model."""
    decompose_base(model, tmp_path / "spectra", tmp_path / "resume", "base")
    write_lora(tmp_path / "step", 0)
    program = f"""
import sys
from pathlib import Path
from rankscope.records.spectra import SpectraSettings
from rankscope.spectra.stage import analyse_run
folder = Path({str(tmp_path)!r})
steps = {{1: folder / "step"}}
wanted = SpectraSettings(ks=(5,), epsilons=(0.5,), similarity_size=5)
analyse_run(Path({str(model)!r}), folder / "spectra", steps, folder / "out", {{"run": "r"}}, wanted)
print(sorted({{"torch", "transformers", "peft", "scipy"}} & set(sys.modules)))
"""
    result = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert result.stdout.strip() == "[]"
