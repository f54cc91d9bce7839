"""The whole way over published tasks: drawn, encoded, trained for some steps, answered, scored."""

import json
import os
from pathlib import Path
from statistics import mean

import polars as pl
import pytest
import torch
import yaml
from typer.testing import CliRunner

from evaluated import read_scores
from rankscope.artefacts import layout
from rankscope.cli import app
from rankscope.evaluate.documents import read_prompts
from rankscope.records.heads import CausalLM
from rankscope.records.instructions import TestSet
from rankscope.studies.expand import load_study
from rankscope.text.encoding import Limits, load_prompt_encoder
from rankscope.text.prompts import render
from rankscope.weights.steps import load_step

ROOT = Path(os.environ.get("RANKSCOPE_DATA", ""))
pytestmark = pytest.mark.skipif(
    "RANKSCOPE_DATA" not in os.environ,
    reason="RANKSCOPE_DATA is not set: no published tasks and no trained model to read",
)
FILE = "./published.yaml"
LENGTHS = {"prompt_tokens": 480, "answer_tokens": 24}
STUDY = {
    "study": "published",
    "title": "Published tasks",
    "data": {
        "niv2": {"source": "niv2", "path": str(ROOT / "data/niv2")},
        "T5": {
            "source": "mixture", "tasks": "niv2", "size": 5, "examples_per_task": 12,
            "test_examples_per_task": 4, "answer_tokens": 24,
        },
        "seen": {
            "source": "test-set", "kind": "intra", "tasks": "niv2", "tasks_tested": 5,
            "examples_per_task": 4,
        },
        "unseen": {"source": "test-set", "kind": "inter", "tasks": "niv2", "examples_per_task": 4},
    },
    "base": {"source": "local", "path": str(ROOT / "models/stories260k")},
    "train_on": "T5",
    "seeds": [0],
    "recipe": {"epochs": 2, "batch_size": 15, "sequence_length": 504, "keep": [1.0]},
    "grid": [{"method": "lora", "rank": 4, "learning_rate": 1.0e-2}],
    "evaluate": {
        "answers": [
            {"name": name, "kind": "generate", "measures": "learning", "data": name} | LENGTHS
            for name in ("seen", "unseen")
        ]
    },
}  # fmt: skip


def verb(*words: str) -> None:
    result = CliRunner().invoke(app, [*words, "--study", FILE])
    if result.exception:
        raise result.exception


def answer_nats(spec: TestSet, base: Path, step: Path | None) -> float:
    """Mean over the items of a test set: nats per token of the first reference and its end."""
    encoder = load_prompt_encoder(base, Limits(source=480, target=24))
    model = load_step(base, step, CausalLM())
    found = []
    for row in read_prompts(Path(layout.data_rows(spec.name))):
        prompt = render(spec.template, row["definition"], row["text"])
        example = encoder.encode_example(prompt, row["references"][0])
        ids = torch.tensor([example.input_ids])
        labels = ids.clone()
        labels[:, : example.prompt_tokens] = -100
        with torch.no_grad():
            found.append(model(input_ids=ids, labels=labels).loss.item())
    return mean(found)


def test_published_tasks_go_all_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(FILE).write_text(yaml.safe_dump(STUDY), "utf-8")
    study = load_study(FILE)
    (run,) = study.runs
    verb("base", "model", study.base.name)
    for label in ("niv2", "T5-s0", "seen-s0", "unseen"):
        verb("data", "rows", label)
    verb("data", "pack", "T5-s0")
    verb("train", run.name)
    trained = json.loads(Path(layout.run_manifest(run.name)).read_text())["results"]
    assert trained["total_steps"] == 8
    loss = pl.read_parquet(layout.loss_curve(run.name))["loss"]
    assert loss[-3:].mean() < loss[:2].mean()
    for made in study.scores:
        verb("evaluate", "predict", made.answers.name)
        verb("evaluate", "score", made.name)
    scores = pl.concat(map(read_scores, study.scores))
    items = scores.filter(metric="rouge_l").group_by("run", "evaluation").len()
    assert set(items.rows()) == {
        (name, evaluation, count)
        for name in (study.base.name, run.name)
        for evaluation, count in (("seen", 5 * 4), ("unseen", 7 * 4))
    }
    base = Path(layout.base_model(study.base.name))
    step = Path(layout.kept_weights(run.name)) / layout.step_folder(8)
    for label in ("seen-s0", "unseen"):
        spec = study.data[label]
        before, after = (answer_nats(spec, base, kept) for kept in (None, step))
        # measured: 8.7 to 4.3 nats a token on tasks that it saw, 6.3 to 5.4 on others
        assert after < before - 0.5, "answers that it was never shown are likelier"
