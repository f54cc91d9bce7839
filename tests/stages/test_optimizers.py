"""The optimizers of bitsandbytes against torch's AdamW, on the tiny study."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
import yaml

from rankscope.artefacts import layout
from rankscope.data.cli import pack
from rankscope.errors import ModelError
from rankscope.records.runs import Run
from rankscope.studies.expand import load_study
from rankscope.train.cli import train
from tiny_study import FILE, TinyBase

OPTIMIZERS = ("adamw", "adamw-8bit", "paged-adamw-8bit", "paged-adamw-32bit")

pytest.importorskip("bitsandbytes", reason="needs the extra `quantised`")


@pytest.fixture
def in_study(wide_base: TinyBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wide_base.copy_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    pack("code", study=FILE)


def full_run(optimizer: str, steps: int = 40) -> Run:
    content = yaml.safe_load(Path(FILE).read_text("utf-8"))
    content["recipe"] |= {"optimizer": optimizer, "steps": steps, "keep": [1.0]}
    Path(FILE).write_text(yaml.safe_dump(content), "utf-8")
    return next(run for run in load_study(FILE).runs if run.method.slug == "full")


def losses(run: Run) -> list[float]:
    train(run.name, FILE)
    return pl.read_parquet(layout.loss_curve(run.name))["loss"].to_list()


def kept(run: Run) -> dict[str, str]:
    return json.loads(Path(layout.run_manifest(run.name)).read_text("utf-8"))["outputs"]


def test_adam_in_8_bits_learns_as_adam_does(in_study: None) -> None:
    exact, rounded = losses(full_run("adamw")), losses(full_run("adamw-8bit"))
    assert exact[-1] < 0.9 * exact[0]
    assert exact[0] == rounded[0]
    # another optimizer, not another name of the same
    assert exact != rounded
    assert rounded[-1] == pytest.approx(exact[-1], rel=0.01)


def test_a_run_with_8_bit_state_resumes_to_the_bit(
    in_study: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = full_run("adamw-8bit", steps=8)
    train(run.name, FILE)
    uninterrupted = kept(run)

    def stop(self: Any, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("rankscope.train.callbacks.StopOnDivergence.on_log", stop)
        train(run.name, FILE, checkpoint_seconds=0.0, again=True)
    checkpoint = Path(layout.checkpoints(run.name)) / "checkpoint-4"
    state = torch.load(checkpoint / "optimizer.pt", weights_only=True)["state"]
    # bitsandbytes puts its state one level deeper, out of reach of torch's own casts
    quantised = [each["__bnb_optimizer_quant_state__"] for each in state.values()]
    assert torch.uint8 in {each["state1"].dtype for each in quantised}
    train(run.name, FILE, again=True)
    assert kept(run) == uninterrupted


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name.startswith("paged-")])
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_paging_is_refused_without_a_gpu(in_study: None, optimizer: str) -> None:
    """bitsandbytes itself only warns, and trains without paging."""
    run = full_run(optimizer)
    with pytest.raises(ModelError, match=rf"{run.name}.*`optimizer: {optimizer}`.*no GPU here"):
        train(run.name, FILE)
    assert not Path(layout.run_manifest(run.name)).exists()


def test_the_optimizer_is_part_of_a_run(in_study: None) -> None:
    assert len({full_run(optimizer).name for optimizer in OPTIMIZERS}) == len(OPTIMIZERS)
