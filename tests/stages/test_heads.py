"""Five tiny families as classifiers and language models: trained, merged, compared with bases."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
import torch

from counted import Counted
from document_runs import ask
from labelled_runs import LABELS, train_on
from rankscope.artefacts import layout
from rankscope.artefacts.reading import kept_steps
from rankscope.errors import ModelError
from rankscope.records.evaluations import Classify
from rankscope.records.heads import CausalLM, Classifier, MaskedLM
from rankscope.records.methods import FullFineTuning, Lora
from rankscope.spectra.stage import analyse_run, decompose_base
from rankscope.text.pairs import Layout, load_pair_encoder
from rankscope.train.stage import train_run
from rankscope.weights import heads
from rankscope.weights.steps import load_step
from tiny_heads import ENCODERS, FAMILIES, HEADS

pytestmark = pytest.mark.usefixtures("laboratory")
HEAD = Classifier(labels=LABELS)
METHODS = {"full": FullFineTuning(), "lora": Lora(rank=2, alpha=4.0)}
TEXTS = [("loss 1", "loss 2"), ("a page of words", "list"), ("file", "rank rank rank rank")]


def trained(base: Path, method, **recipe):
    return train_on(base, Path("pairs.jsonl"), method, **recipe)


def logits(model, base: Path) -> torch.Tensor:
    encoder = load_pair_encoder(base, 32)
    batch = Layout.of(model.config).rows([encoder.encode(*texts) for texts in TEXTS])
    with torch.no_grad():
        return model(**batch).logits


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", METHODS)
def test_a_classifier_is_trained_reloaded_and_compared(bases, family, method) -> None:
    run, files = trained(bases[family], METHODS[method])
    steps = kept_steps(Path(layout.kept_weights(run.name)))
    assert list(steps) == [3, 6]
    before, after = (load_step(files.base, step, HEAD) for step in steps.values())
    assert after.config.id2label == dict(enumerate(LABELS))
    assert not torch.equal(logits(before, files.base), logits(after, files.base))

    torch.testing.assert_close(
        logits(after, files.base), logits(by_the_libraries(bases[family], steps[6]), files.base),
        atol=1e-4, rtol=1e-4,
    )  # fmt: skip

    if method == "lora":
        stored = {name for name in stored_names(steps[6]) if "lora_" not in name}
        assert {
            next(m for m in HEADS[family] if name.startswith(f"base_model.model.{m}."))
            for name in stored
        } == set(HEADS[family])

    decompose_base(files.base, Path("spectra"), Path("resume"), "base")
    out = Path("out")
    analyse_run(files.base, Path("spectra"), steps, out, {"run": "r"}, Counted((2,), (0.5,), 2))
    matrices = pl.read_parquet(out / "matrices.parquet")
    names = matrices["matrix"].unique().to_list()
    assert (matrices["frobenius_norm"] > 0).all()
    assert not [name for name in names for head in HEADS[family] if head in name]
    left_out = pl.read_parquet(out / "left_out.parquet").filter(kind="heads")
    assert all(
        left_out["tensor"].str.contains(f"{head}.", literal=True).any() for head in HEADS[family]
    )


def stored_names(step: Path) -> list[str]:
    from safetensors import safe_open

    with safe_open(step / "adapter_model.safetensors", "pt") as file:
        return list(file.keys())


def by_the_libraries(base: Path, step: Path):
    """A kept step as anybody would load it, an adapter unmerged."""
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification

    known = AutoModelForSequenceClassification
    if not (step / "adapter_config.json").exists():
        return known.from_pretrained(step).eval()
    model = known.from_pretrained(base, num_labels=len(LABELS))
    if model.config.pad_token_id is None:
        model.config.pad_token_id = model.config.eos_token_id
    return PeftModel.from_pretrained(model, step).eval()


@pytest.mark.parametrize("family", ["bert", "gpt2"])
def test_the_same_run_gives_the_same_bits_and_resumes(bases, family, monkeypatch) -> None:
    from safetensors.torch import load_file

    run, files = trained(bases[family], METHODS["lora"])
    last = Path(layout.kept_weights(run.name)) / layout.step_folder(6)
    first = load_file(last / "adapter_model.safetensors")
    curve = Path(layout.loss_curve(run.name)).read_bytes()
    shutil.rmtree(layout.run_folder(run.name))

    from transformers import Trainer

    step = Trainer.training_step
    taken = []

    def dies(self, *arguments, **options):
        taken.append(1)
        if len(taken) == 5:
            raise KeyboardInterrupt
        return step(self, *arguments, **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "training_step", dies)
        train_run(run, files, checkpoint_seconds=0.0)
    train_run(run, files)
    again = load_file(last / "adapter_model.safetensors")
    assert all(torch.equal(weight, again[name]) for name, weight in first.items())
    assert Path(layout.loss_curve(run.name)).read_bytes() == curve


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_a_step_does_not_depend_on_the_size_of_a_forward_pass(bases, family) -> None:
    base = shutil.copytree(bases[family], Path("still"))
    config = json.loads((base / "config.json").read_text())
    still = {key: 0.0 for key in config if key.endswith("dropout_prob")}
    (base / "config.json").write_text(json.dumps(config | still))
    losses = [
        pl.read_parquet(layout.loss_curve(trained(base, FullFineTuning(), **size)[0].name))
        for size in ({}, {"micro_batch_size": 1})
    ]
    for column in ("loss", "gradient_norm"):
        one, two = (each[column].to_list() for each in losses)
        assert one == pytest.approx(two, rel=1e-3)


def test_a_run_learns_its_labels(bases) -> None:
    rows = [{"a": "ja"[n % 2] * 6, "b": str(n), "label": LABELS[n % 2]} for n in range(40)]
    Path("pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run, _ = trained(bases["roberta"], FullFineTuning(), steps=40, learning_rate=2e-3)
    losses = pl.read_parquet(layout.loss_curve(run.name))["loss"]
    assert losses[0] == pytest.approx(0.69, abs=0.2)
    assert losses[-1] < 0.3


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", METHODS)
def test_under_its_own_head_a_classifier_s_body_is_measured(bases, family, method) -> None:
    """The body as trained, the language model's head as the base has it."""
    run, files = trained(bases[family], METHODS[method])
    own = MaskedLM() if family in ENCODERS else CausalLM()
    step = kept_steps(Path(layout.kept_weights(run.name)))[6]
    base, language = (load_step(files.base, each, own) for each in (None, step))
    classifier = load_step(files.base, step, HEAD)
    body = dict(classifier.base_model.named_parameters())
    untied = {id(weight) for weight in language.base_model.parameters()}
    stored = dict(base.named_parameters())
    for name, weight in language.base_model.named_parameters():
        assert torch.equal(weight, body[name])
    assert any(
        not torch.equal(weight, stored[name]) for name, weight in language.named_parameters()
    )
    for name, weight in language.named_parameters():
        assert id(weight) in untied or torch.equal(weight, stored[name])


def test_what_was_trained_on_text_is_no_classifier(bases, tmp_path) -> None:
    shutil.copytree(bases["gpt2"], tmp_path / "step")
    with pytest.raises(
        ModelError, match="as a causal language model, and a classifier of the labels same, other"
    ):
        load_step(bases["gpt2"], tmp_path / "step", HEAD)


@pytest.mark.parametrize("labels", [("other", "same"), ("same", "other", "neither")])
def test_a_checkpoint_of_other_labels_says_both(bases, tmp_path, labels) -> None:
    heads.load(bases["gpt2"], Classifier(labels=labels)).save_pretrained(tmp_path / "step")
    said = f"as a classifier of the labels {', '.join(labels)}, and a .* labels same, other is"
    with pytest.raises(ModelError, match=said):
        load_step(bases["gpt2"], tmp_path / "step", HEAD)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_adapter_with_another_number_of_outputs_is_a_sentence(bases, tmp_path, family) -> None:
    from peft import LoraConfig, get_peft_model

    three = Classifier(labels=("a", "b", "c"))
    model = heads.load(bases[family], three)
    settings = heads.adapter_settings(model, three)
    get_peft_model(model, LoraConfig(r=2, target_modules="all-linear", **settings)).save_pretrained(
        tmp_path / "step"
    )
    with pytest.raises(ModelError, match=r"has 3 rows, and a classifier of the .* has 2; ask for"):
        load_step(bases[family], tmp_path / "step", HEAD)


def test_long_texts_are_cut_and_counted(bases) -> None:
    """RoBERTa's positions begin behind the padding token: what fits is what context_length says."""
    from rankscope.weights.context_length import context_length
    from tiny_heads import POSITIONS

    rows = [{"a": "x" * (30 + 30 * (n % 2)), "b": "y" * 60, "label": LABELS[n % 2]}
            for n in range(12)]  # fmt: skip
    Path("pairs.jsonl").write_text("".join(json.dumps(row | {"a": f"{n}{row['a']}"}) + "\n"
                                           for n, row in enumerate(rows)))  # fmt: skip
    config = json.loads((bases["roberta"] / "config.json").read_text())
    limit = context_length(config).tokens
    assert limit == POSITIONS
    _, files = trained(bases["roberta"], FullFineTuning(), steps=2, sequence_length=limit)
    packed = pl.read_parquet(files.packed)
    assert packed["input_ids"].list.len().to_list() == [limit] * packed.height
    written = json.loads(files.packed.with_suffix(".json").read_text())
    assert written["results"]["truncated"] == packed.height == 9


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", METHODS)
def test_a_classifier_is_asked_for_the_labels_of_held_out_pairs(bases, family, method) -> None:
    run, _ = trained(bases[family], METHODS[method])
    evaluation = Classify(
        kind="classify", name="labels", measures="learning", data=run.data, text_tokens=32
    )
    scores = ask(run, evaluation)
    assert scores["step"].unique().sort().to_list() == [3, 6]
    accuracies = scores.filter(metric="accuracy")
    assert accuracies.height == 2 * 12
    assert set(accuracies["score"]) <= {0.0, 1.0}
    assert set(ask(run.base, evaluation).filter(metric="accuracy")["score"]) == {0.5}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_base_gives_every_label_the_same_probability(bases, family) -> None:
    assert not logits(load_step(bases[family], None, HEAD), bases[family]).any()
