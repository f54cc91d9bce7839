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
from evaluated import read_answers, read_scores
from rankscope.artefacts import layout
from rankscope.artefacts.parts import parts_of
from rankscope.cli import app
from rankscope.evaluate import score as score_stage
from rankscope.evaluate.kinds import bits_per_byte, harness
from rankscope.evaluate.tables import COMMON, SCORES
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


def evaluate(verb, *runs, code=0):
    result = CliRunner().invoke(
        app, ["evaluate", verb, *runs, "--suite", "tiny", "--study", "tiny.yaml"]
    )
    if code == 0 and result.exception:
        raise result.exception
    return result


def parts(study, run):
    """Every file of what a run said, by step and evaluation."""
    answers = scores_of(study, run).answers
    listed = parts_of(Path(layout.answers_manifest(answers.name)))
    return [Path(layout.predictions(part.name)) for part in listed]


def asked(study, run):
    manifest = Path(layout.answers_manifest(scores_of(study, run).answers.name))
    return json.loads(manifest.read_text())["results"]["asked"]


def test_a_lora_run_has_one_row_per_step_and_item_and_its_scores(study):
    run = study.runs[1]
    evaluate("predict", run.name)
    answers = scores_of(study, run.name).answers
    text, choice = (read_answers(answers, name) for name in ("text", "choice"))
    assert text.schema == pl.Schema(COMMON | bits_per_byte.COLUMNS)
    assert choice.schema == pl.Schema(COMMON | harness.COLUMNS)
    assert text.group_by("step").len().sort("step").rows() == [(10, 3), (20, 3)]
    assert choice.group_by("step").len().sort("step").rows() == [(10, 6), (20, 6)]
    assert set(text["method"]) == {"LoRA r=2"}
    assert text["bytes"].max() <= 200
    # the steps are different models
    assert text.filter(step=10)["nats"].to_list() != text.filter(step=20)["nats"].to_list()

    evaluate("score", run.name)
    scores = read_scores(scores_of(study, run.name))
    assert scores.schema == pl.Schema(SCORES)
    assert scores.height == 2 * (3 + 2 * 6)
    assert set(scores["metric"]) == {"bits_per_byte", "accuracy", "accuracy_normalised"}


def test_all_scores_of_the_laboratory_are_scanned_together(study):
    run = study.runs[1].name
    evaluate("predict", run)
    evaluate("score", run)
    rows = pl.scan_parquet("results/**/evaluate/*.parquet").filter(pl.col("run") == run).collect()
    assert rows.height == read_scores(scores_of(study, run)).height
    assert rows.height == rows.unique(["step", "evaluation", "metric", "item"]).height


def test_the_base_is_step_0_and_differs_from_every_trained_step(study):
    base, full = study.base.name, study.runs[0].name
    evaluate("predict", base)
    evaluate("predict", full)
    of_base, of_full = (read_answers(scores_of(study, run).answers, "text") for run in (base, full))
    assert of_base.select("run", "method", "rank", "seed", "data", "step").unique().rows() == [
        (base, "Base", None, None, None, 0)
    ]
    assert set(of_full["step"]) == {10, 20}
    for step in (10, 20):
        trained = of_full.filter(step=step)
        assert trained["item"].to_list() == of_base["item"].to_list()
        assert (trained["nats"] != of_base["nats"]).all()


def test_a_run_that_kept_nothing_lists_nothing(study):
    diverged = study.runs[2].name
    evaluate("predict", diverged)
    evaluate("score", diverged)
    assert parts(study, diverged) == []
    assert parts_of(Path(layout.scores_manifest(scores_of(study, diverged).name))) == []


def test_what_was_asked_is_not_asked_again(study):
    run = study.runs[1].name
    evaluate("predict", run, "--again")
    assert asked(study, run) == 4
    evaluate("predict", run)
    assert asked(study, run) == 0
    lost, *others = parts(study, run)
    before = [path.stat().st_mtime_ns for path in others]
    lost.unlink()
    evaluate("predict", run)
    assert asked(study, run) == 1
    assert lost.exists()
    assert [path.stat().st_mtime_ns for path in others] == before


def test_other_weights_or_items_are_asked_again(study):
    run = study.runs[1]
    evaluate("predict", run.name)
    folder = Path(layout.kept_weights(run.name)) / layout.step_folder(20)
    save_adapter(Path(layout.base_model(study.base.name)), folder, seed=9)
    seal()
    evaluate("predict", run.name)
    assert asked(study, run.name) == 2


def test_several_subjects_are_asked_in_one_process(study):
    runs = [study.base.name, study.runs[1].name]
    evaluate("predict", *runs, "--again")
    assert [asked(study, run) for run in runs] == [2, 4]


def test_what_is_whole_is_kept_when_the_job_is_killed(study):
    run = study.runs[0].name
    shutil.rmtree("results/evaluate", ignore_errors=True)
    killed = (
        "import os, signal\n"
        "from rankscope.evaluate import predict\n"
        "ask, count = predict._Bench.ask, [0]\n"
        "def dying(*arguments):\n"
        "    if count[0] == 3:\n        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    count[0] += 1\n    ask(*arguments)\n"
        "predict._Bench.ask = dying\n"
        "from rankscope.cli import app\n"
        f"app(['evaluate', 'predict', {run!r}, '--study', 'tiny.yaml'])\n"
    )
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == -9
    kept = sorted(Path("results/evaluate/predictions").glob("*.parquet"))
    assert len(kept) == 3
    assert not Path(layout.answers_manifest(scores_of(study, run).answers.name)).exists()
    times = [path.stat().st_mtime_ns for path in kept]
    evaluate("predict", run)
    assert asked(study, run) == 1
    assert [path.stat().st_mtime_ns for path in kept] == times


def test_only_what_other_code_scored_is_scored_again(study, monkeypatch):
    run = study.runs[1].name
    evaluate("predict", run)
    evaluate("score", run, "--again")
    marks = Path(layout.scores_manifest(scores_of(study, run).name))

    def scored():
        evaluate("score", run)
        return json.loads(marks.read_text())["results"]["scored"]

    assert scored() == 0
    before = score_stage.code_of
    edited = {"harness": "edited"}
    monkeypatch.setattr(score_stage, "code_of", lambda kind: edited.get(kind) or before(kind))
    assert scored() == 2


def test_another_process_writes_the_same_bytes(study):
    run = study.runs[1].name
    evaluate("predict", run)
    first = {path: path.read_bytes() for path in parts(study, run)}
    command = "from rankscope.cli import main; main()"
    arguments = ["evaluate", "predict", run, "--suite", "tiny", "--study", "tiny.yaml", "--again"]
    result = subprocess.run(
        [sys.executable, "-c", command, *arguments],
        env=os.environ | {"OMP_NUM_THREADS": str(torch_threads())},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {path: path.read_bytes() for path in parts(study, run)} == first
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


def test_the_manifests_name_inputs_outputs_and_times(study):
    run = study.runs[1].name
    evaluate("predict", run, "--again")
    listed = Path(layout.answers_manifest(scores_of(study, run).answers.name))
    manifest = json.loads(listed.read_text())
    assert set(manifest["results"]["seconds"]) == {"text", "choice"}
    read = {name: Path(layout.data_rows(study.data[name].name)) for name in ("text", "items")}
    steps = [Path(layout.kept_weights(run)) / layout.step_folder(step) for step in (10, 20)]
    base = Path(layout.base_model(study.base.name))
    everything = (*read.values(), *steps, base)
    assert set(manifest["inputs"]) >= {path.as_posix() for path in everything}
    first, *_ = parts(study, run)
    assert f"../predictions/{first.name}" in manifest["outputs"]
    part = json.loads(first.with_suffix(".json").read_text())
    assert set(part["inputs"]) == {each.as_posix() for each in (read["text"], steps[0], base)}
    assert list(part["outputs"]) == [first.name]


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
