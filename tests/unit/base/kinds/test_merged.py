"""Merged bases: the weights of a step as a model folder, against a merge by hand."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.numpy import load_file

from labelled_runs import run_on
from rankscope.artefacts.manifest import manifest
from rankscope.base.stage import make_base
from rankscope.errors import ModelError
from rankscope.records.bases import LocalBase
from rankscope.records.data import TextFiles
from rankscope.records.heads import Classifier
from rankscope.records.methods import FullFineTuning, Lora
from rankscope.records.recipes import Recipe
from rankscope.records.runs import MergedBase, Run
from rankscope.weights import heads
from tiny_heads import save_family

RANK, ALPHA = 2, 6.0


def run_of(method: FullFineTuning | Lora) -> Run:
    return Run(
        base=LocalBase(source="local", path="base"),
        data=TextFiles(source="text", path="text.txt"),
        method=method,
        recipe=Recipe(learning_rate=1e-3, steps=4, keep=(0.5, 1.0)),
        seed=0,
    )


FULL, LORA = run_of(FullFineTuning()), run_of(Lora(rank=RANK, alpha=ALPHA))


@pytest.fixture
def trained_on(tmp_path: Path) -> Path:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=60, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
        num_attention_heads=2, tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(tmp_path / "base")
    (tmp_path / "base/tokenizer.json").write_text('{"made": "up"}')
    return tmp_path / "base"


def trained(folder: Path, base: Path, run: Run, **results) -> Path:
    """Write what the train stage would: two kept steps of noise, a curve, a manifest."""
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaForCausalLM

    torch.manual_seed(1)
    model = LlamaForCausalLM.from_pretrained(base)
    model.config.use_cache = False
    if run is LORA:
        targets = ["q_proj", "down_proj"]
        model = get_peft_model(model, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=targets))
    for step in (2, 4):
        with torch.no_grad():
            for weight in model.parameters():
                if weight.requires_grad:
                    weight.add_(0.1 * torch.randn_like(weight))
        model.save_pretrained(folder / f"steps/step-{step:06d}")
    write_curve(folder)
    seal(folder / "steps", run, **results)
    return folder / "steps"


def write_curve(folder: Path) -> None:
    curve = {"step": [1, 2, 3, 4], "loss": [4.0, 3.0, 2.0, 1.0], "tokens": [16, 32, 48, 64]}
    pl.DataFrame(curve).write_parquet(folder / "loss.parquet")


def make(tmp_path: Path, trained_on: Path, run: Run, step: int | None = None, **results) -> Path:
    steps = trained(tmp_path / "run", trained_on, run, **results)
    make_base(MergedBase(run=run, step=step), [trained_on, steps], tmp_path / "merged/model")
    return tmp_path / "merged/model"


@pytest.mark.parametrize(("step", "loss"), [(None, 2.5), (4, 2.5), (2, 3.5)])
def test_whole_weights_are_taken_as_they_are(tmp_path, trained_on, step, loss) -> None:
    model = make(tmp_path, trained_on, FULL, step)
    kept = tmp_path / f"run/steps/step-{step or 4:06d}/model.safetensors"
    assert (model / "model.safetensors").read_bytes() == kept.read_bytes()
    results = json.loads((model.parent / "run.json").read_text())["results"]
    assert results == {
        "parameters": 7, "corpus_tokens": 640, "tokens": 16 * (step or 4), "final_loss": loss
    }  # fmt: skip


def test_an_adapter_is_added_in_float32(tmp_path, trained_on) -> None:
    model = make(tmp_path, trained_on, LORA)
    before = load_file(trained_on / "model.safetensors")
    after = load_file(model / "model.safetensors")
    adapter = load_file(tmp_path / "run/steps/step-000004/adapter_model.safetensors")
    assert after.keys() == before.keys()
    for name, weight in before.items():
        module = f"base_model.model.{name.removesuffix('.weight')}"
        expected = weight.astype(np.float64)
        if f"{module}.lora_B.weight" in adapter:
            b, a = adapter[f"{module}.lora_B.weight"], adapter[f"{module}.lora_A.weight"]
            expected += ALPHA / RANK * b.astype(np.float64) @ a.astype(np.float64)
        assert after[name].dtype == np.float32
        np.testing.assert_allclose(after[name], expected, atol=1e-6)


@pytest.mark.parametrize("run", [FULL, LORA], ids=["full", "lora"])
def test_tokenizer_and_configuration_are_the_base_s(tmp_path, trained_on, run) -> None:
    model = make(tmp_path, trained_on, run)
    tokenizer = (model / "tokenizer.json").read_bytes()
    assert tokenizer == (trained_on / "tokenizer.json").read_bytes()
    config = json.loads((model / "config.json").read_text())
    assert config["use_cache"]
    assert config == json.loads((trained_on / "config.json").read_text())


def test_a_run_that_diverged_gives_no_base(tmp_path, trained_on) -> None:
    with pytest.raises(ModelError, match=r"diverged at step 3.*lower its learning rate, 0.001 now"):
        make(tmp_path, trained_on, FULL, status="diverged", diverged_at=3)
    assert not (tmp_path / "merged/model").exists()


def test_a_step_that_was_not_kept_is_refused_with_those_that_were(tmp_path, trained_on) -> None:
    with pytest.raises(ModelError, match="step 3 was not kept; the run kept 2, 4"):
        make(tmp_path, trained_on, FULL, step=3)


@pytest.mark.parametrize(("gone", "left"), [((4,), "2"), ((2, 4), "none")])
def test_a_last_step_that_was_not_finite_gives_no_base(tmp_path, trained_on, gone, left) -> None:
    """Its weights are not kept, though the loss of that step, and so the run, was in order."""
    steps = trained(tmp_path / "run", trained_on, FULL)
    for step in gone:
        shutil.rmtree(steps / f"step-{step:06d}")
    seal(steps, FULL)
    with pytest.raises(ModelError, match=f"step 4 was not kept; the run kept {left}.*not finite"):
        make_base(MergedBase(run=FULL), [trained_on, steps], tmp_path / "merged/model")


@pytest.mark.parametrize("labels", [("same", "other"), ("a", "b", "c")])
@pytest.mark.parametrize("method", [FullFineTuning(), Lora(rank=RANK, alpha=ALPHA)], ids="FL")
def test_of_a_classifier_on_a_classifier_only_the_body_travels(tmp_path, labels, method) -> None:
    """The base's own head stays, whether or not the run is on as many labels, or on the same."""
    from peft import LoraConfig, get_peft_model

    base, text = tmp_path / "base", save_family("roberta", tmp_path / "text")
    heads.load(text, Classifier(labels=labels), seed=1).save_pretrained(base)
    run = run_on(base, tmp_path / "pairs.jsonl", method, keep=(1.0,))
    model = heads.load(base, run.data.head, seed=2)
    if method.rank:
        settings = heads.adapter_settings(model, run.data.head)
        model = get_peft_model(
            model, LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules="all-linear", **settings)
        )
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.1 * torch.randn_like(weight) * weight.requires_grad)
    folder = tmp_path / "run"
    model.save_pretrained(folder / "steps/step-000004")
    write_curve(folder)
    seal(folder / "steps", run)

    make_base(MergedBase(run=run, step=4), [base, folder / "steps"], tmp_path / "merged/model")
    merged = load_file(tmp_path / "merged/model/model.safetensors")
    before = load_file(base / "model.safetensors")
    assert merged.keys() == before.keys()
    assert heads.own_head(tmp_path / "merged/model") == Classifier(labels=labels)
    moved = {name for name, weight in merged.items() if not np.array_equal(weight, before[name])}
    assert moved
    assert all(".layer." in name or method.rank is None for name in moved)
    assert not [name for name in moved if name.startswith("classifier.")]


def seal(steps: Path, run: Run, **results) -> None:
    """Write the manifest of a finished run about what lies there."""
    said = {"status": "done", "diverged_at": None, "total_parameters": 7, "tokens_per_pass": 640,
            "total_steps": 4}  # fmt: skip
    with manifest(steps.with_name("run.json"), "train", run.name, run.canonical()) as record:
        record.covers(steps)
        record.covers(steps.with_name("loss.parquet"))
        record.results = said | results
