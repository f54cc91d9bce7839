"""`rankscope evaluate` on a tiny base, a LoRA run, a full run and a run that diverged at once."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml
from typer.testing import CliRunner

from artefacts_of import scores_of
from rankscope.artefacts import layout
from rankscope.cli import app
from rankscope.evaluate.predict import columns_of
from rankscope.evaluate.tables import SCORES
from rankscope.studies.expand import load_study
from sealing import seal
from tiny_llama import SENTENCES, save_adapter, save_base, save_full

STUDY = {
    "study": "tiny",
    "title": "Tiny",
    "base": {"source": "local", "path": "base"},
    "data": {
        "text": {"source": "text", "path": "text.jsonl"},
        "items": {"source": "continuations", "documents": "text", "items": 6},
    },
    "train_on": "text",
    "recipe": {"steps": 20, "keep": [0.5, 1.0], "sequence_length": 32},
    "seeds": [0],
    "grid": [
        {"method": "full", "learning_rate": 0.001},
        {"method": "lora", "rank": [2, 4], "learning_rate": 0.001},
    ],
    "evaluate": {
        "tiny": [
            {"name": "text", "kind": "bits-per-byte", "measures": "learning", "data": "text",
             "documents": 3, "max_bytes_per_document": 200},
            {"name": "choice", "kind": "harness", "measures": "forgetting", "task": "hellaswag",
             "data": "items"},
        ]
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Run everything below in a folder with a study, its data, its base and the trained steps."""
    folder = tmp_path_factory.mktemp("study")
    before = Path.cwd()
    os.chdir(folder)
    Path("tiny.yaml").write_text(yaml.safe_dump(STUDY))
    loaded = load_study("tiny.yaml")
    write_data(loaded)
    base = save_base(Path(layout.base_model(loaded.base.name)))
    full, lora, diverged = loaded.runs
    for number, step in enumerate((10, 20)):
        save_full(base, step_folder(full, step), seed=number)
        save_adapter(base, step_folder(lora, step), seed=number)
    Path(layout.kept_weights(diverged.name)).mkdir(parents=True)
    seal()
    yield loaded
    os.chdir(before)


def step_folder(run, step):
    folder = Path(layout.kept_weights(run.name)) / layout.step_folder(step)
    folder.mkdir(parents=True)
    return folder


def write_data(study):
    texts = [f"{number}: " + " ".join(SENTENCES) for number in range(5)]
    documents = pl.DataFrame(
        {"id": [f"doc{n}" for n in range(5)], "split": ["train", *["heldout"] * 4], "text": texts}
    )
    items = pl.DataFrame(
        {
            "id": [f"item{n}" for n in range(6)],
            "split": ["heldout"] * 6,
            "activity_label": ["Documentation"] * 6,
            "ctx_a": [f"the {n} cats sat on" for n in range(6)],
            "ctx_b": [""] * 6,
            "endings": [["the mat", "a table of items", "an error", "it"]] * 6,
            "label": [n % 4 for n in range(6)],
        }
    )
    for label, rows in (("text", documents), ("items", items)):
        path = Path(layout.data_rows(study.data[label].name))
        path.parent.mkdir(parents=True)
        rows.write_parquet(path)


def evaluate(verb, run, code=0):
    result = CliRunner().invoke(
        app, ["evaluate", verb, run, "--suite", "tiny", "--study", "tiny.yaml"]
    )
    if code == 0 and result.exception:
        raise result.exception
    return result


def predictions(study, run):
    return pl.read_parquet(layout.predictions(scores_of(study, run).answers.name))


def test_a_lora_run_has_one_row_per_step_and_item_and_its_scores(study):
    run = study.runs[1]
    evaluate("predict", run.name)
    rows = predictions(study, run.name)
    assert rows.schema == pl.Schema(columns_of(study.suites[0]))
    assert rows.group_by("step", "evaluation").len().sort("step", "evaluation").rows() == [
        (10, "choice", 6), (10, "text", 3), (20, "choice", 6), (20, "text", 3),
    ]  # fmt: skip
    assert set(rows["method"]) == {"LoRA r=2"}
    text = rows.filter(evaluation="text")
    assert text["bytes"].max() <= 200
    # the steps are different models
    assert text.filter(step=10)["nats"].to_list() != text.filter(step=20)["nats"].to_list()

    evaluate("score", run.name)
    scores = pl.read_parquet(layout.scores(scores_of(study, run.name).name))
    assert scores.schema == pl.Schema(SCORES)
    assert scores.height == 2 * (3 + 2 * 6)
    assert set(scores["metric"]) == {"bits_per_byte", "accuracy", "accuracy_normalised"}


def test_the_base_is_step_0_and_differs_from_every_trained_step(study):
    base, full = study.base.name, study.runs[0].name
    evaluate("predict", base)
    evaluate("predict", full)
    of_base, of_full = predictions(study, base), predictions(study, full)
    assert of_base.select("run", "method", "rank", "seed", "data", "step").unique().rows() == [
        (base, "Base", None, None, None, 0)
    ]
    assert set(of_full["step"]) == {10, 20}
    for step in (10, 20):
        trained = of_full.filter(step=step)
        assert trained["item"].to_list() == of_base["item"].to_list()
        assert (trained["nats"] != of_base["nats"]).drop_nulls().all()


def test_a_run_that_kept_nothing_gives_empty_tables(study):
    diverged = study.runs[2].name
    evaluate("predict", diverged)
    evaluate("score", diverged)
    assert predictions(study, diverged).schema == pl.Schema(columns_of(study.suites[0]))
    scores = pl.read_parquet(layout.scores(scores_of(study, diverged).name))
    assert scores.is_empty()
    assert scores.schema == pl.Schema(SCORES)


def test_another_process_writes_the_same_bytes(study):
    run = study.runs[1].name
    path = Path(layout.predictions(scores_of(study, run).answers.name))
    evaluate("predict", run)
    first = path.read_bytes()
    command = "from rankscope.cli import main; main()"
    arguments = ["evaluate", "predict", run, "--suite", "tiny", "--study", "tiny.yaml"]
    result = subprocess.run(
        [sys.executable, "-c", command, *arguments],
        env=os.environ | {"OMP_NUM_THREADS": str(torch_threads())},
        capture_output=True,
        text=True,
        check=True,
    )
    assert path.read_bytes() == first
    # progress in lines of the log, no bars
    assert "done in" in result.stderr
    assert "\r" not in result.stderr


def torch_threads():
    import torch

    return torch.get_num_threads()


def test_scoring_needs_no_torch(study):
    run = study.runs[1].name
    evaluate("predict", run)
    command = (
        "import sys\n"
        f"sys.argv = ['rankscope', 'evaluate', 'score', {run!r}, '--suite', 'tiny',"
        " '--study', 'tiny.yaml']\n"
        "from rankscope.cli import app\n"
        "try:\n    app()\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", command], check=True)


def test_the_manifest_names_inputs_outputs_items_and_times(study):
    run = study.runs[1].name
    evaluate("predict", run)
    path = Path(layout.predictions(scores_of(study, run).answers.name))
    manifest = json.loads(path.with_suffix(".json").read_text())
    assert manifest["results"]["items"] == {"text": 3, "choice": 6}
    assert manifest["results"]["steps"] == [10, 20]
    read = [Path(layout.data_rows(study.data[name].name)) for name in ("text", "items")]
    steps = [Path(layout.kept_weights(run)) / layout.step_folder(step) for step in (10, 20)]
    base = Path(layout.base_model(study.base.name))
    assert set(manifest["inputs"]) == {path.as_posix() for path in (*read, *steps, base)}
    assert path.name in manifest["outputs"]


def test_missing_inputs_are_answered_with_what_to_do(study):
    lora = study.runs[1].name
    missing = Path(layout.kept_weights(lora))
    aside = missing.with_name("aside")
    missing.rename(aside)
    try:
        result = evaluate("predict", lora, code=1)
        assert "run `rankscope train` first" in str(result.exception)
    finally:
        aside.rename(missing)
    shutil.rmtree("results/evaluate", ignore_errors=True)
    result = evaluate("score", lora, code=1)
    assert "run `rankscope evaluate predict`" in str(result.exception)
