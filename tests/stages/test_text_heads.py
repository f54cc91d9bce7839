"""Five tiny families on documents: trained under the head they are made for, measured, compared."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
import torch

from counted import Counted
from document_runs import ask, documents
from labelled_runs import train_on
from rankscope.artefacts import layout
from rankscope.artefacts.reading import kept_steps, read_manifest
from rankscope.records.evaluations import BitsPerByte
from rankscope.records.heads import CausalLM, MaskedLM
from rankscope.records.methods import FullFineTuning, Lora
from rankscope.spectra.stage import analyse_run, decompose_base
from rankscope.train.stage import train_run
from rankscope.weights.steps import load_step
from tiny_heads import ENCODERS, FAMILIES

pytestmark = pytest.mark.usefixtures("laboratory")
METHODS = {"full": FullFineTuning(), "lora": Lora(rank=2, alpha=4.0)}
DECODERS = tuple(family for family in FAMILIES if family not in ENCODERS)
HEADS = {
    "llama": "lm_head",
    "gpt2": None,  # its head is the embedding
    "bert": "cls.predictions",
    "roberta": "lm_head",
    "deberta": "cls.predictions",
}
"""Where the weights lie of what each of them ends in."""


def head_of(family: str) -> CausalLM | MaskedLM:
    return MaskedLM() if family in ENCODERS else CausalLM()


def trained(base: Path, method, **recipe):
    return train_on(base, documents(Path("texts.jsonl")), method, **recipe)


def logits(model) -> torch.Tensor:
    ids = torch.arange(4, 24)[None]
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits


def by_the_libraries(family: str, base: Path, step: Path):
    """A kept step as anybody would load it, an adapter unmerged."""
    import transformers
    from peft import PeftModel

    name = "AutoModelForMaskedLM" if family in ENCODERS else "AutoModelForCausalLM"
    known = getattr(transformers, name)
    if not (step / "adapter_config.json").exists():
        return known.from_pretrained(step).eval()
    return PeftModel.from_pretrained(known.from_pretrained(base), step).eval()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", METHODS)
def test_a_language_model_is_trained_reloaded_and_compared(bases, family, method) -> None:
    run, files = trained(bases[family], METHODS[method])
    head = head_of(family)
    steps = kept_steps(Path(layout.kept_weights(run.name)))
    assert list(steps) == [3, 6]
    results = read_manifest(Path(layout.run_manifest(run.name)))["results"]
    assert results["predicts"] == head.predicts
    before, after = (load_step(files.base, step, head) for step in steps.values())
    assert not torch.equal(logits(before), logits(after))
    theirs = by_the_libraries(family, bases[family], steps[6])
    torch.testing.assert_close(logits(after), logits(theirs), atol=1e-4, rtol=1e-4)
    if method == "lora":
        # the head of a language model is the base's own
        assert all(
            name.startswith(f"base_model.model.{after.base_model_prefix}.")
            for name in stored_names(steps[6])
        )

    decompose_base(files.base, Path("spectra"), Path("resume"), "base")
    out = Path("out")
    analyse_run(files.base, Path("spectra"), steps, out, {"run": "r"}, Counted((2,), (0.5,), 2))
    matrices = pl.read_parquet(out / "matrices.parquet")
    assert (matrices["frobenius_norm"] > 0).all()
    left_out = pl.read_parquet(out / "left_out.parquet").filter(kind="heads")
    if HEADS[family]:
        assert not matrices["matrix"].str.contains(HEADS[family], literal=True).any()
        # an adapter has no tensor of the head
        assert left_out["tensor"].str.starts_with(HEADS[family]).any() == (method == "full")


def stored_names(step: Path) -> list[str]:
    from safetensors import safe_open

    with safe_open(step / "adapter_model.safetensors", "pt") as file:
        return list(file.keys())


@pytest.mark.parametrize("family", DECODERS)
@pytest.mark.parametrize("method", METHODS)
def test_a_decoder_is_measured_in_bits_per_byte(bases, family, method) -> None:
    run, _ = trained(bases[family], METHODS[method], learning_rate=2e-2)
    evaluation = BitsPerByte(
        kind="bits-per-byte", name="text", measures="learning", data=run.data, documents=4
    )
    of_run, of_base = ask(run, evaluation), ask(run.base, evaluation)
    assert of_run["step"].unique().sort().to_list() == [3, 6]
    assert of_run.filter(step=6)["score"].mean() < of_base["score"].mean()


def test_a_masked_model_learns(bases) -> None:
    run, _ = trained(bases["roberta"], FullFineTuning(), steps=60, learning_rate=5e-3)
    losses = pl.read_parquet(layout.loss_curve(run.name))["loss"]
    assert losses[-10:].mean() < 0.7 * losses[:5].mean()


@pytest.mark.parametrize("method", METHODS)
def test_a_masked_run_gives_the_same_bits_and_resumes(bases, method, monkeypatch) -> None:
    from safetensors.torch import load_file
    from transformers import Trainer

    run, files = trained(bases["bert"], METHODS[method])
    last = Path(layout.kept_weights(run.name)) / layout.step_folder(6)
    weights = next(last.glob("*.safetensors")).name
    first, curve = load_file(last / weights), Path(layout.loss_curve(run.name)).read_bytes()
    shutil.rmtree(layout.run_folder(run.name))
    step, taken = Trainer.training_step, []

    def dies(self, *arguments, **options):
        taken.append(1)
        if len(taken) == 5:
            raise KeyboardInterrupt
        return step(self, *arguments, **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "training_step", dies)
        train_run(run, files, checkpoint_seconds=0.0)
    train_run(run, files)
    again = load_file(last / weights)
    assert all(torch.equal(weight, again[name]) for name, weight in first.items())
    assert Path(layout.loss_curve(run.name)).read_bytes() == curve


def test_a_masked_step_does_not_depend_on_the_size_of_a_forward_pass(bases) -> None:
    base = shutil.copytree(bases["bert"], Path("still"))
    config = json.loads((base / "config.json").read_text())
    still = {key: 0.0 for key in config if key.endswith("dropout_prob")}
    (base / "config.json").write_text(json.dumps(config | still))
    curves = [
        pl.read_parquet(layout.loss_curve(trained(base, FullFineTuning(), **size)[0].name))
        for size in ({}, {"micro_batch_size": 1})
    ]
    for column in ("loss", "gradient_norm"):
        one, two = (each[column].to_list() for each in curves)
        assert one == pytest.approx(two, rel=1e-3)
