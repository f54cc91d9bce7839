"""The verb of the base stage: made from a run, resumed after a kill, linked."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
import torch

from rankscope.artefacts import layout
from rankscope.artefacts.hashes import file_sha256
from rankscope.base.cli import model as make_model
from rankscope.base.stage import make_base
from rankscope.data.cli import pack
from rankscope.errors import ArtefactError, ModelError
from rankscope.studies.expand import load_study
from rankscope.train.cli import train
from tiny_study import FILE
from tiny_study import make_base as make_embedded


@pytest.fixture
def anew(tiny_base, tmp_path, monkeypatch) -> Path:
    """A folder with the tiny study and its rows, and nothing made from them yet."""
    (tmp_path / "results").mkdir()
    for name in (FILE, "code.jsonl", "english.jsonl"):
        (tmp_path / name).write_bytes((tiny_base.folder / name).read_bytes())
    (tmp_path / "results/data").symlink_to(tiny_base.folder / "results/data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edited(old: str, new: str) -> None:
    text = Path(FILE).read_text("utf-8")
    assert old in text
    Path(FILE).write_text(text.replace(old, new), "utf-8")


def test_anybody_can_load_it_and_it_learned_something(tiny_base):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(tiny_base.model)
    tokenizer = AutoTokenizer.from_pretrained(tiny_base.model)
    held = pl.read_parquet(tiny_base.rows("english")).filter(pl.col("split") == "heldout")
    tokens = tokenizer(held["text"][0], return_tensors="pt").input_ids[:, :32]
    with torch.no_grad():
        loss = model(input_ids=tokens, labels=tokens).loss.item()
    # a uniform guess over 300 tokens costs ln 300 = 5.70 nats
    assert loss < 5.0


def test_the_manifest_says_what_went_in_and_out(tiny_base):
    record = json.loads((tiny_base.model.parent / "run.json").read_text())
    base = tiny_base.study.base
    steps, curve = layout.kept_weights(base.run.name), layout.loss_curve(base.run.name)
    assert list(record["inputs"]) == [layout.base_model(base.root.name), steps, curve]
    files = {path.name: file_sha256(path) for path in tiny_base.model.iterdir()}
    assert record["outputs"] == {f"model/{name}": digest for name, digest in files.items()}
    assert record["results"]["tokens"] == 20 * 4 * 32
    packed = pl.read_parquet(tiny_base.folder / layout.packed(base.run.packed.name))
    assert record["results"]["corpus_tokens"] == packed.height * 32
    curve = pl.read_parquet(tiny_base.folder / layout.loss_curve(base.run.name))
    assert curve["step"].to_list() == list(range(1, 21))
    assert curve["loss"][-1] < curve["loss"][0]
    assert record["results"]["final_loss"] == pytest.approx(curve["loss"].mean())


def test_the_same_spec_gives_the_same_bits(tiny_base, anew):
    make_embedded()
    base = load_study(FILE).base
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        again = (anew / layout.base_model(base.name) / name).read_bytes()
        assert again == (tiny_base.model / name).read_bytes(), name
    assert not Path(layout.checkpoints(base.run.name)).exists()


def test_killed_and_resumed_it_ends_at_the_same_bits(anew, caplog):
    edited("steps: 20", "steps: 60")
    base = load_study(FILE).base
    make_model(base.root.name, study=FILE)
    pack(base.run.packed.name, study=FILE)
    attempt = subprocess.Popen(
        [sys.executable, "-m", "rankscope", "train", base.run.name, "--study", FILE,
         "--checkpoint-seconds", "0"],
        env=os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())},
    )  # fmt: skip
    resume = Path(layout.checkpoints(base.run.name))
    while not list(resume.glob("checkpoint-*/complete")) and attempt.poll() is None:
        time.sleep(0.02)
    attempt.send_signal(signal.SIGKILL)
    assert attempt.wait() == -signal.SIGKILL
    with pytest.raises(ArtefactError, match=rf"rankscope train {base.run.name}"):
        make_model(study=FILE)
    with caplog.at_level("INFO"):
        train(base.run.name, FILE)
    assert f"resuming from {resume}/checkpoint-" in caplog.text
    make_model(study=FILE)
    weights = Path(layout.base_model(base.name)) / "model.safetensors"
    resumed = weights.read_bytes()
    train(base.run.name, FILE, again=True)
    make_model(study=FILE, again=True)
    assert weights.read_bytes() == resumed


def test_a_base_whose_training_diverged_is_an_error_that_names_the_rate(anew):
    edited("  steps: 20\n", "  steps: 8\n  learning_rate: 1.0e+30\n")
    with pytest.raises(ModelError, match=r"diverged at step \d+.*`base.learning_rate`"):
        make_embedded()
    assert not Path(layout.base_model(load_study(FILE).base.name)).exists()


def test_a_local_folder_becomes_a_base_by_links(tiny_base, tmp_path, monkeypatch):
    tiny_base.copy_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    text = (tmp_path / FILE).read_text()
    start, end = text.index("base:"), text.index("train_on:")
    folder = layout.base_model(tiny_base.study.base.name)
    local = f"base: {{source: local, path: {folder}}}\n"
    (tmp_path / FILE).write_text(text[:start] + local + text[end:])
    make_model(study=FILE)
    base = load_study(FILE).base
    linked = Path(layout.base_model(base.name)) / "model.safetensors"
    assert linked.is_symlink()
    assert linked.read_bytes() == (tiny_base.model / "model.safetensors").read_bytes()
    record = json.loads(Path(layout.base_manifest(base.name)).read_text())
    assert record["inputs"]["model.safetensors"] == file_sha256(linked)


@pytest.mark.skipif("RANKSCOPE_DATA" not in os.environ, reason="RANKSCOPE_DATA is not set")
def test_a_published_model_is_accepted(tmp_path, tiny_base, monkeypatch):
    from rankscope.records.bases import LocalBase
    from rankscope.text.tokenizer import load_encoder

    folder = Path(os.environ["RANKSCOPE_DATA"]) / "models/stories260k"
    spec = LocalBase(source="local", path=str(folder))
    make_base(spec, (), tmp_path / "base/model")
    encoder = load_encoder(tmp_path / "base/model")
    assert encoder.end_of_text == 2
    assert encoder.encode(["Once upon a time"])[0]
