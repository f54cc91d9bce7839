"""Instruction tuning through the verbs: made tasks, mixtures, test sets, answers, scores."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from artefacts_of import scores_of
from evaluated import read_answers, read_scores, write_answers
from instruction_study import STUDY
from rankscope.artefacts import layout
from rankscope.cli import app
from rankscope.data.encodings.examples import EXAMPLES
from rankscope.errors import ModelError, StudyError
from rankscope.evaluate.kinds import generate
from rankscope.evaluate.tables import COMMON, SCORES
from rankscope.evaluate.weights import load_tokenizer
from rankscope.records.data import DataSpec
from rankscope.records.packed import Packed
from rankscope.records.runs import Run
from rankscope.records.study import Study
from rankscope.studies.expand import load_study
from sealing import seal
from tiny_llama import save_adapter, save_base

FILE = "./instructions.yaml"
LENGTH = 440


def verb(*words: str) -> None:
    result = CliRunner().invoke(app, [*words, "--study", FILE])
    if result.exception:
        raise result.exception


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """The study in a folder with its base, its collection, and what its first sampling draws."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("instructions"))
        Path(FILE).write_text(yaml.safe_dump(STUDY, sort_keys=False), "utf-8")
        save_base(Path("base"), context=512)
        study = load_study(FILE)
        verb("base", "model")
        for label in ("tasks", "T6-s0", "seen-s0", "unseen"):
            verb("data", "rows", label)
        verb("data", "pack", "T6-s0")
        yield study


def rows(study: Study, label: str) -> pl.DataFrame:
    return pl.read_parquet(layout.data_rows(study.data[label].name))


def packed_of(study: Study, mixture: DataSpec) -> Packed:
    return next(run.packed for run in study.runs if run.data == mixture)


def test_no_item_of_a_test_set_is_trained_on(study: Study):
    trained = set(rows(study, "T6-s0")["sha256"])
    assert len(trained) == 6 * 8
    assert trained.isdisjoint(rows(study, "seen-s0")["sha256"])
    assert trained.isdisjoint(rows(study, "unseen")["sha256"])
    assert set(rows(study, "T6-s0")["task"]) == set(rows(study, "seen-s0")["task"])


def test_packing_encodes_every_example_with_its_answer_whole(study: Study):
    mixture = study.data["T6-s0"]
    path = Path(layout.packed(packed_of(study, mixture).name))
    examples = pl.read_parquet(path)
    assert dict(examples.schema) == dict(EXAMPLES)
    drawn = rows(study, "T6-s0")
    assert examples.select("task", "instance").equals(drawn.select("task", "instance"))
    assert examples["input_ids"].list.len().max() <= LENGTH
    assert (examples["prompt_tokens"] <= LENGTH - 40).all()
    tokenizer = load_tokenizer(Path(layout.base_model(study.base.name)))
    for ids, prompt, target in zip(
        examples["input_ids"], examples["prompt_tokens"], drawn["target"], strict=True
    ):
        answer = tokenizer.decode(ids[prompt:].to_list(), skip_special_tokens=False)
        assert answer.strip() == f"{target}</s>", "the base's end-of-text token closes an answer"
        assert tokenizer.decode(ids[:prompt].to_list()).endswith("Output:")
    recorded = json.loads(path.with_suffix(".json").read_text())
    assert recorded["results"]["tokens"] == examples["input_ids"].list.len().sum()
    assert recorded["results"]["truncated"]["examples"] == 48


def test_packing_twice_writes_the_same_bytes(study: Study):
    path = Path(layout.packed(packed_of(study, study.data["T6-s0"]).name))
    first = path.read_bytes()
    verb("data", "pack", "T6-s0")
    assert path.read_bytes() == first


@pytest.mark.parametrize("label", ["tasks", "seen-s0"])
def test_nothing_else_can_be_packed(study: Study, label: str):
    with pytest.raises(StudyError, match=f"no packed data '{label}'.*it has: .*T12-s0"):
        verb("data", "pack", label)


def edited(folder: Path, **recipe: object) -> dict[str, Run]:
    """Write the study with another recipe beside the artefacts; its runs on T6-s0 by slug."""
    content = STUDY | {"recipe": STUDY["recipe"] | {"epochs": 2} | recipe, "seeds": [0]}
    (folder / FILE).write_text(yaml.safe_dump(content | {"train_on": "T6"}), "utf-8")
    return {run.method.slug: run for run in load_study(FILE).runs}


def trained(run: Run) -> dict[str, str]:
    """Train and return the hashes of the kept weights."""
    verb("train", run.name, "--again")
    return json.loads(Path(layout.run_manifest(run.name)).read_text())["outputs"]


@pytest.fixture
def copied(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The study's folder, copied for tests that write."""
    shutil.copytree(Path.cwd(), tmp_path, dirs_exist_ok=True, symlinks=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_packed_and_padded_runs_take_the_same_steps(copied: Path):
    curves = {}
    for packing in (None, "padded"):
        run = edited(copied, packing=packing, micro_batch_size=6)["full"]
        trained(run)
        curves[packing] = pl.read_parquet(layout.loss_curve(run.name))
    exact, padded = curves[None], curves["padded"]
    assert exact["step"].to_list() == list(range(1, 9)), "2 epochs × 48 examples / 12"
    assert exact["tokens"].equals(padded["tokens"])
    assert exact["loss"].to_list() == pytest.approx(padded["loss"].to_list(), rel=1e-3)
    assert exact["loss"][-1] < 0.9 * exact["loss"][0]
    examples = pl.read_parquet(layout.packed(run.packed.name))
    assert exact["tokens"][-1] == 2 * examples["input_ids"].list.len().sum()


@pytest.mark.parametrize("packing", [None, "length-grouped"])
def test_stopped_and_resumed_gives_the_same_bits(copied: Path, monkeypatch, packing):
    run = edited(copied, packing=packing)["lora-r2"]
    uninterrupted = trained(run)
    assert trained(run) == uninterrupted

    def stop(self: object, args: object, state: object, control: object, **_: object) -> None:
        if state.global_step == 6:
            raise ChildProcessError

    with monkeypatch.context() as patch, pytest.raises(ChildProcessError):
        patch.setattr("rankscope.train.callbacks.StopOnDivergence.on_log", stop)
        verb("train", run.name, "--checkpoint-seconds", "0", "--again")
    saved = [path.parent.name for path in Path(layout.checkpoints(run.name)).glob("*/complete")]
    assert saved, "there is something to resume from"
    assert trained(run) == uninterrupted


def test_a_base_that_would_mix_packed_examples_up_is_refused_before_it_is_trained(copied: Path):
    from transformers import OPTConfig, OPTForCausalLM

    run = edited(copied)["full"]
    base = Path(layout.base_model(run.base.name))
    shutil.rmtree(base)
    config = OPTConfig(
        vocab_size=320, hidden_size=32, ffn_dim=48, num_hidden_layers=2, num_attention_heads=4,
        word_embed_proj_dim=32, max_position_embeddings=512,
    )  # fmt: skip
    OPTForCausalLM(config).save_pretrained(base)
    seal(base.parent)
    with pytest.raises(ModelError, match=rf"{run.name}: .*type opt .*`packing: length-grouped`"):
        verb("train", run.name)
    assert not Path(layout.loss_curve(run.name)).exists()
    assert trained(edited(copied, packing="length-grouped")["full"])


@pytest.fixture(scope="module")
def run(study: Study) -> str:
    """A LoRA run on the first sampling, with random weights in place of trained ones."""
    run = next(r for r in study.runs if r.method.rank and r.data == study.data["T6-s0"])
    folder = Path(layout.kept_weights(run.name)) / layout.step_folder(4)
    folder.mkdir(parents=True)
    save_adapter(Path(layout.base_model(study.base.name)), folder, seed=0)
    seal(folder.parent)
    verb("evaluate", "predict", run.name, "--suite", "answers-s0")
    return run.name


def predicted(study: Study, run: str, evaluation: str) -> pl.DataFrame:
    return read_answers(scores_of(study, run).answers, evaluation)


def test_every_item_of_a_test_set_is_answered(study: Study, run: str):
    for evaluation, label in (("seen", "seen-s0"), ("unseen", "unseen")):
        answers = predicted(study, run, evaluation)
        items = rows(study, label)
        assert answers.schema == pl.Schema(COMMON | generate.COLUMNS)
        for column in ("task", "category", "text", "references", "options"):
            assert answers[column].equals(items[column])
        assert answers["item"].n_unique() == items.height
        assert answers["tokens"].is_between(1, 12).all()
        assert answers["truncated"].sum() > 0, "random weights hardly ever end an answer"


def test_scores_are_of_text_and_need_no_torch(study: Study, run: str):
    answers = pl.concat(predicted(study, run, evaluation) for evaluation in ("seen", "unseen"))
    # what a model that had learned every other item would have said
    said = [
        references[-1].upper() + "." if number % 2 else text
        for number, (references, text) in enumerate(
            answers.select("references", "prediction").iter_rows()
        )
    ]
    write_answers(scores_of(study, run).answers, answers.with_columns(prediction=pl.Series(said)))
    seal()
    command = (
        "import sys; from rankscope.cli import app;"
        f" app(['evaluate', 'score', '{run}', '--suite', 'answers-s0', '--study', '{FILE}'],"
        " standalone_mode=False); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", command], check=True, env=os.environ)
    scores = read_scores(scores_of(study, run))
    assert scores.schema == pl.Schema(SCORES)
    mean = dict(scores.group_by("metric").agg(pl.col("score").mean()).iter_rows())
    assert mean["exact_match"] == pytest.approx(0.5, abs=0.01)
    assert 0.5 <= mean["rouge_l"] < 0.8
    labelled = answers.filter(pl.col("options").is_not_null())
    counts = dict(scores.group_by("metric").len().iter_rows())
    assert counts["exact_match"] == counts["truncated"] == answers.height
    assert counts["out_of_options"] == labelled.height
    assert counts["label_entropy"] == labelled["task"].n_unique()
    assert scores.filter(metric="label_entropy")["score"].min() > 0
