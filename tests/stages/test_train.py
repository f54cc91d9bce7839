"""`rankscope train` on the tiny study: kept weights, determinism, kills, divergence."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import torch
import yaml
from polars.testing import assert_frame_equal

from rankscope.artefacts import layout
from rankscope.data.cli import pack
from rankscope.errors import StudyError
from rankscope.records.runs import Run
from rankscope.studies.expand import load_study
from rankscope.train.cli import train
from tiny_study import FILE, TinyBase


@pytest.fixture
def study(
    tiny_base: TinyBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Run]]:
    """The tiny study with its data packed, in a folder of its own; its runs by slug."""
    tiny_base.copy_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    pack("code", study=FILE)
    yield {run.method.slug: run for run in load_study(FILE).runs}


def manifest(run: Run) -> dict:
    return json.loads(Path(layout.run_manifest(run.name)).read_text("utf-8"))


def weights(run: Run) -> dict[str, str]:
    """Hashes of the kept weights."""
    outputs = manifest(run)["outputs"]
    return {name: digest for name, digest in outputs.items() if name.endswith(".safetensors")}


def edited(changes: dict) -> dict[str, Run]:
    """Change the tiny study and return its runs by slug."""
    content = yaml.safe_load(Path(FILE).read_text("utf-8"))
    content.update(changes)
    Path(FILE).write_text(yaml.safe_dump(content), "utf-8")
    return {run.method.slug: run for run in load_study(FILE).runs}


def test_full_fine_tuning_keeps_checkpoints_anybody_can_load(study: dict[str, Run]) -> None:
    from transformers import AutoModelForCausalLM

    run = study["full"]
    train(run.name, FILE)
    written = manifest(run)
    assert written["status"] == "done"
    assert written["results"]["steps"] == [4, 8]
    assert written["results"]["trainable_parameters"] == written["results"]["total_parameters"]
    base = AutoModelForCausalLM.from_pretrained(layout.base_model(run.base.name))
    tuned = AutoModelForCausalLM.from_pretrained(
        f"{layout.kept_weights(run.name)}/{layout.step_folder(8)}"
    )
    moved = [
        not torch.equal(before, after)
        for before, after in zip(base.parameters(), tuned.parameters(), strict=True)
    ]
    assert all(moved), "full fine-tuning must train every weight"


def test_lora_keeps_adapters_in_peft_s_own_layout(study: dict[str, Run]) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    run = study["lora-r4"]
    train(run.name, FILE)
    base = AutoModelForCausalLM.from_pretrained(layout.base_model(run.base.name))
    adapted = PeftModel.from_pretrained(
        base, f"{layout.kept_weights(run.name)}/{layout.step_folder(8)}"
    )
    ids = torch.arange(12).unsqueeze(0)
    with torch.no_grad(), adapted.disable_adapter():
        before = adapted(ids).logits
    with torch.no_grad():
        after = adapted(ids).logits
    assert not torch.equal(before, after)
    # 2 layers × (q, k, v, o: 32×32; gate, up: 64×32; down: 32×64): r (rows + columns) each
    expected = 2 * 4 * (4 * (32 + 32) + 3 * (64 + 32))
    assert manifest(run)["results"]["trainable_parameters"] == expected


def test_loss_curve_falls_and_counts_tokens(study: dict[str, Run]) -> None:
    run = study["full"]
    train(run.name, FILE)
    curve = pl.read_parquet(layout.loss_curve(run.name))
    assert curve["step"].to_list() == list(range(1, 9))
    assert curve["loss"][-1] < curve["loss"][0]
    assert curve["tokens"][-1] == 8 * 4 * 32 == manifest(run)["results"]["tokens"]
    assert curve["learning_rate"][-1] < curve["learning_rate"].max()


def test_the_same_run_gives_the_same_bits(study: dict[str, Run]) -> None:
    run = study["lora-r4"]
    train(run.name, FILE)
    first, first_curve = weights(run), Path(layout.loss_curve(run.name)).read_bytes()
    train(run.name, FILE, again=True)
    assert weights(run) == first
    assert Path(layout.loss_curve(run.name)).read_bytes() == first_curve


def test_seeds_differ(study: dict[str, Run]) -> None:
    train(study["lora-r4"].name, FILE)
    other = edited({"seeds": [1]})["lora-r4"]
    train(other.name, FILE)
    assert set(weights(study["lora-r4"]).values()).isdisjoint(weights(other).values())


@pytest.mark.parametrize("method", ["full", "lora-r4"])
def test_killed_and_resumed_gives_the_same_bits(study: dict[str, Run], method: str) -> None:
    run = edited({"recipe": {"steps": 400, "batch_size": 4, "sequence_length": 32}})[method]
    train(run.name, FILE)
    uninterrupted, curve = weights(run), pl.read_parquet(layout.loss_curve(run.name))
    Path(layout.run_manifest(run.name)).unlink()

    resume = Path(layout.checkpoints(run.name))
    command = [sys.executable, "-m", "rankscope", "train", run.name]
    process = subprocess.Popen(
        [*command, "--study", FILE, "--checkpoint-seconds", "0.1"],
        # the thread count is part of what must be equal
        env=os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())},
    )
    give_up = time.monotonic() + 120
    while len(list(resume.glob("checkpoint-*/complete"))) < 2 and process.poll() is None:
        assert time.monotonic() < give_up, "no checkpoint was written"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the run ended before it could be killed"
    assert not Path(layout.run_manifest(run.name)).exists()

    train(run.name, FILE)
    assert weights(run) == uninterrupted
    assert_frame_equal(pl.read_parquet(layout.loss_curve(run.name)), curve, check_exact=True)
    assert not resume.exists()


def test_killed_after_its_last_step_a_run_takes_no_step_more(
    study: dict[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = study["lora-r4"]
    train(run.name, FILE)
    uninterrupted, curve = weights(run), pl.read_parquet(layout.loss_curve(run.name))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("rankscope.train.stage.loss_curve", killed)
        train(run.name, FILE, checkpoint_seconds=0.0, again=True)
    assert weights(run) == uninterrupted, "a finished run is kept until the new one is"
    assert Path(layout.checkpoints(run.name)).exists()
    train(run.name, FILE, again=True)
    assert weights(run) == uninterrupted
    assert_frame_equal(pl.read_parquet(layout.loss_curve(run.name)), curve, check_exact=True)


def test_a_diverging_run_is_recorded_and_is_no_error(study: dict[str, Run]) -> None:
    run = edited({"grid": [{"method": "full", "learning_rate": 1.0e30}]})["full"]
    train(run.name, FILE)
    written = manifest(run)
    assert written["status"] == written["results"]["status"] == "diverged"
    assert 1 < written["results"]["diverged_at"] <= 8
    assert written["results"]["steps"] == []
    assert Path(layout.kept_weights(run.name)).is_dir()


def test_an_unknown_run_names_those_there_are(study: dict[str, Run]) -> None:
    with pytest.raises(StudyError, match=r"no-such-run.*full@0"):
        train("no-such-run", FILE)


def test_bfloat16_trains_without_a_gpu_too(study: dict[str, Run]) -> None:
    content = yaml.safe_load(Path(FILE).read_text("utf-8"))
    content["recipe"]["precision"] = "bfloat16"
    run = edited({"recipe": content["recipe"]})["full"]
    train(run.name, FILE)
    losses = pl.read_parquet(layout.loss_curve(run.name))["loss"]
    assert losses.is_finite().all()
    assert manifest(run)["results"]["status"] == "done"
