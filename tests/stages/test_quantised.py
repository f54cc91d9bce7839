"""QLoRA through the stages: an adapter trained on a base in 4 bits, and measured on the same."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
import yaml
from polars.testing import assert_frame_equal

from artefacts_of import spectra_of
from rankscope.artefacts import layout
from rankscope.base.cli import model as make_base
from rankscope.check.plan import counts, jobs_per_stage
from rankscope.check.shapes import base_shape
from rankscope.data.cli import pack
from rankscope.errors import ModelError
from rankscope.records.heads import CausalLM
from rankscope.records.runs import QuantisedBase, Run
from rankscope.records.study import Study
from rankscope.spectra.cli import analyse as spectra_run
from rankscope.spectra.cli import base as spectra_base
from rankscope.studies.expand import load_study
from rankscope.studies.graph import walk
from rankscope.train.cli import train
from rankscope.weights.steps import load_step
from tiny_study import FILE, TinyBase

pytest.importorskip("bitsandbytes", reason="needs the extra `quantised`")

QLORA = {"method": "lora", "rank": [4], "quantisation": "nf4", "learning_rate": 1.0e-2}
PLAIN = {"method": "lora", "rank": [4], "learning_rate": 1.0e-2}


def with_grid(*grid: dict[str, Any]) -> Study:
    content = yaml.safe_load(Path(FILE).read_text("utf-8")) | {"grid": list(grid)}
    Path(FILE).write_text(yaml.safe_dump(content), "utf-8")
    return load_study(FILE)


def run_of(study: Study, slug: str = "qlora-r4") -> Run:
    return next(run for run in study.runs if run.method.slug == slug)


def last_step(run: Run) -> Path:
    return max(Path(layout.kept_weights(run.name)).glob("step-*"))


@pytest.fixture(scope="module")
def study(wide_base: TinyBase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """A study of LoRA and QLoRA at rank 4, up to the trained QLoRA run."""
    folder = tmp_path_factory.mktemp("quantised")
    with pytest.MonkeyPatch.context() as patch:
        wide_base.copy_to(folder)
        patch.chdir(folder)
        study = with_grid(PLAIN, QLORA)
        make_base(study=FILE, name=run_of(study).trained_base.name)
        pack("code", study=FILE)
        train(run_of(study).name, FILE)
        yield study


def trained_model(run: Run) -> torch.nn.Module:
    """The model as the Trainer had it: the adapter beside packed weights."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(
        layout.base_model(run.trained_base.name), dtype=torch.float32
    )
    return PeftModel.from_pretrained(base, last_step(run)).train()


def test_quantisation_is_part_of_a_run_and_of_its_base_but_not_of_the_others(study: Study) -> None:
    plain, quantised = run_of(study, "lora-r4"), run_of(study)
    assert "quantisation" not in plain.canonical()["method"]
    assert plain.trained_base == study.base
    assert quantised.name != plain.name
    assert quantised.method.label == "QLoRA r=4"
    assert isinstance(quantised.trained_base, QuantisedBase)
    bases = [each.name for each in walk(study) if each.stage == "base"]
    line = [study.base.root.name, study.base.name, quantised.trained_base.name]
    assert bases == line
    # tables compare both with the base that the study names
    assert quantised.keys()["base"] == plain.keys()["base"] == study.base.name
    assert jobs_per_stage(study)["base"] == 3
    assert jobs_per_stage(study)["spectra"] == 2 + 2


def test_two_weights_of_a_byte_count_as_two(study: Study) -> None:
    run = run_of(study)
    written = json.loads(Path(layout.run_manifest(run.name)).read_text("utf-8"))
    assert written["status"] == "done"
    planned = counts(study, base_shape(study.base))
    found = written["results"]["trainable_parameters"], written["results"]["total_parameters"]
    assert planned[run.method, run.data.head] == found
    assert planned[run_of(study, "lora-r4").method, run.data.head] == found


def test_training_learns(study: Study) -> None:
    losses = pl.read_parquet(layout.loss_curve(run_of(study).name))["loss"]
    assert losses[-1] < losses[0]


def test_what_is_evaluated_predicts_what_was_trained(study: Study) -> None:
    run = run_of(study)
    tokens = torch.arange(24).reshape(2, 12)
    trained = trained_model(run)(tokens).logits.detach()
    evaluated = load_step(
        Path(layout.base_model(run.trained_base.name)), last_step(run), CausalLM()
    )
    unquantised = load_step(Path(layout.base_model(run.base.name)), last_step(run), CausalLM())
    with torch.no_grad():
        torch.testing.assert_close(evaluated(tokens).logits, trained, rtol=1e-4, atol=1e-4)
        # merged onto the base from which its own was rounded, it would be another model
        assert (unquantised(tokens).logits - trained).abs().max() > 0.01


def test_a_bfloat16_recipe_computes_in_it(study: Study) -> None:
    from rankscope.train.model import trainable_model
    from rankscope.weights.four_bit import linears

    run = run_of(study)
    base = Path(layout.base_model(run.trained_base.name))
    tokens = torch.arange(24).reshape(2, 12)
    model = trainable_model(base, run.method, "bfloat16", CausalLM()).train()
    assert {layer.compute_dtype for layer in linears(model).values()} == {torch.bfloat16}
    logits = model(tokens).logits.detach()
    with torch.no_grad():
        exact = load_step(base, None, CausalLM())(tokens).logits  # a new adapter changes nothing
    assert 0 < (logits - exact).abs().max() < 0.02 * exact.abs().max()


def test_spectra_compare_with_the_base_as_it_was_trained_on(study: Study) -> None:
    run = run_of(study)
    spectra_base(study=FILE, name=run.trained_base.name)
    spectra_run(run.name, study=FILE)
    folder = Path(layout.spectra(spectra_of(study, run.name).name))
    matrices = pl.read_parquet(folder / "matrices.parquet")
    assert set(matrices["base_precision"]) == {"dequantised"}
    assert set(matrices["precision"]) == {"F32"}
    # of low rank as against the weights it was trained on; rounding to 4 bits is of full rank
    assert matrices["update_rank"].max() == 4
    assert set(matrices["base"]) == {study.base.name}


def test_stopped_and_resumed_gives_the_same_bits(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(study)
    manifest = Path(layout.run_manifest(run.name))
    uninterrupted = json.loads(manifest.read_text("utf-8"))["outputs"]
    curve = pl.read_parquet(layout.loss_curve(run.name))

    def stop(self: Any, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("rankscope.train.callbacks.StopOnDivergence.on_log", stop)
        train(run.name, FILE, checkpoint_seconds=0.0, again=True)
    assert list(Path(layout.checkpoints(run.name)).glob("checkpoint-4/complete"))
    train(run.name, FILE, again=True)
    assert json.loads(manifest.read_text("utf-8"))["outputs"] == uninterrupted
    assert_frame_equal(pl.read_parquet(layout.loss_curve(run.name)), curve, check_exact=True)


@pytest.mark.skipif(torch.cuda.is_available(), reason="bitsandbytes is right on a GPU")
def test_a_base_that_bitsandbytes_gets_wrong_is_refused(
    tiny_base: TinyBase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tiny study's rows of 32 weights share blocks of 64."""
    tiny_base.copy_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    run = run_of(with_grid(QLORA))
    pack("code", study=FILE)
    make_base(study=FILE, name=run.trained_base.name)
    with pytest.raises(ModelError, match=r"other weights than are stored.*\(.* × 32\).*on a GPU"):
        train(run.name, FILE)
