"""The verb of the base stage: pre-trained, resumed after a kill, linked."""

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
from rankscope.base.pretraining import pretrain
from rankscope.base.stage import make_base
from rankscope.records.bases import EmbeddedBase
from rankscope.studies.expand import load_study
from tiny_study import FILE


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
    assert list(record["inputs"].values()) == [file_sha256(tiny_base.rows("english"))]
    files = {path.name: file_sha256(path) for path in tiny_base.model.iterdir()}
    assert record["outputs"] == {f"model/{name}": digest for name, digest in files.items()}
    assert record["results"]["tokens"] == 20 * 4 * 32
    curve = pl.read_parquet(tiny_base.model / "loss.parquet")
    assert curve["step"].to_list() == list(range(1, 21))
    assert curve["loss"][-1] < curve["loss"][0]


def spec_and_files(tiny_base, **fields) -> tuple[EmbeddedBase, Path]:
    spec = tiny_base.study.base.model_copy(update=fields)
    return spec, tiny_base.rows("english")


def test_the_same_spec_gives_the_same_bits(tiny_base, tmp_path):
    spec, corpus = spec_and_files(tiny_base)
    make_base(spec, corpus, tmp_path / "again/model", tmp_path / "resume")
    for name in ("model.safetensors", "tokenizer.json", "config.json", "loss.parquet"):
        again = (tmp_path / "again/model" / name).read_bytes()
        assert again == (tiny_base.model / name).read_bytes(), name
    assert not (tmp_path / "resume").exists()


ATTEMPT = """
import sys
from pathlib import Path
from rankscope.base.pretraining import pretrain
from rankscope.records.bases import EmbeddedBase
spec = EmbeddedBase.model_validate_json(sys.argv[1])
corpus, root = Path(sys.argv[2]), Path(sys.argv[3])
pretrain(spec, corpus, root / "model", root / "resume", checkpoint_seconds=0.0)
"""


def test_killed_and_resumed_it_ends_at_the_same_bits(tiny_base, tmp_path, caplog):
    spec, corpus = spec_and_files(tiny_base, steps=60)
    command = [sys.executable, "-c", ATTEMPT, spec.model_dump_json(), str(corpus)]
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}

    killed = tmp_path / "killed"
    attempt = subprocess.Popen([*command, str(killed)], env=environment)
    while not list(killed.glob("resume/checkpoint-*/complete")) and attempt.poll() is None:
        time.sleep(0.02)
    attempt.send_signal(signal.SIGKILL)
    assert attempt.wait() == -signal.SIGKILL
    assert not (killed / "model").exists()
    reached = max(int(p.name.split("-")[1]) for p in killed.glob("resume/checkpoint-*"))
    assert reached < 60

    with caplog.at_level("INFO"):
        pretrain(spec, corpus, killed / "model", killed / "resume")
    assert f"resuming from {killed / 'resume'}/checkpoint-" in caplog.text
    pretrain(spec, corpus, tmp_path / "whole/model", tmp_path / "whole/resume")
    for name in ("model.safetensors", "loss.parquet"):
        resumed = (killed / "model" / name).read_bytes()
        assert resumed == (tmp_path / "whole/model" / name).read_bytes(), name


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
    make_base(spec, None, tmp_path / "base/model", tmp_path / "resume")
    encoder = load_encoder(tmp_path / "base/model")
    assert encoder.end_of_text == 2
    assert encoder.encode(["Once upon a time"])[0]
