"""A synthetic study of mixtures: scores and answers as the stages before the report write them.

`truth` gives the probability of an exact answer by method, training set and kind of tests, so that
what tables and figures must show is known. Samplings differ by a shift of their own.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from evaluated import write_answers, write_scores
from instruction_study import STUDY
from rankscope.artefacts import layout
from rankscope.evaluate.kinds import generate
from rankscope.evaluate.tables import COMMON, SCORES
from rankscope.records.evaluations import key
from rankscope.records.instructions import Mixture
from rankscope.records.runs import Run
from rankscope.records.study import Study
from sealing import seal

Truth = Callable[[int | None, str, str], float]  # rank, series of the mixture, intra or inter
CATEGORIES = (
    "Textual Entailment", "Title Generation", "Word Analogy", "Data to Text", "Keyword Tagging",
)  # fmt: skip
LABELLED = ("Textual Entailment", "Word Analogy")
METRICS = {metric.name: metric for metric in generate.METRICS}


def write_mixture_study_file(folder: Path) -> Path:
    """Write a study of three ranks and full fine-tuning on T6, T12 and T*6, and return its file."""
    content = copy.deepcopy(STUDY)
    content["grid"][1]["rank"] = [2, 4, 8]
    again = {"examples_per_task": 16, "with_replacement": True}  # 96 rows of 6 tasks, as T12 has
    content["data"]["Tstar6"] = content["data"]["T6"] | again
    content["train_on"].append("Tstar6")
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content), "utf-8")
    return path


def more_is_better(rank: int | None, mixture: str, kind: str) -> float:
    """More tasks and higher ranks are better, full fine-tuning best."""
    tasks = {"T6": 0.0, "T12": 0.1, "T*6": 0.05}[mixture]
    return 0.3 + tasks + (0.2 if rank is None else 0.02 * rank)


def write_mixture_study(
    study: Study, truth: Truth, tasks: int = 10, items: int = 10, missing: tuple[str, ...] = ()
) -> None:
    """Write artefacts of all runs but the `missing` ones below the current folder.

    Each test set has `tasks` tasks of `items` items; tasks take turns in `CATEGORIES`.
    """
    Path(layout.base_model(study.base.name)).mkdir(parents=True, exist_ok=True)
    for spec in {run.data.name: run.data for run in study.runs}.values():
        if isinstance(spec, Mixture):
            drawn = 757 if spec.size == "all" else spec.size
            _manifest(Path(layout.data_manifest(spec.name)), "data", results={"tasks": drawn})
    for number, run in enumerate(study.runs):
        if run.name not in missing:
            _write_training(run, number)
    by_name = {run.name: run for run in study.runs}
    for scores in (alone for each in study.scores for alone in each.of_each_subject or (each,)):
        (subject,), suite = scores.answers.subjects, scores.answers.suite
        name = subject.name
        if name in missing:
            continue
        run = by_name.get(name)
        rows = {
            key(evaluation): list(_answers(run, evaluation, truth, tasks, items))
            for evaluation in suite.evaluations
        }
        keys = {**(run.keys() if run else study.base.keys()), "step": 10 if run else 0}
        write_scores(scores, {each: _table(of, keys, SCORES) for each, of in rows.items()})
        said = {
            each: [row for row in of if row["metric"] == "exact_match"] for each, of in rows.items()
        }
        columns = COMMON | generate.COLUMNS
        write_answers(
            scores.answers, {each: _table(of, keys, columns) for each, of in said.items()}
        )
    for suite in study.suites:
        for evaluation in suite.evaluations:
            _write_prompts(evaluation, tasks, items)
    seal()


def _manifest(path: Path, stage: str, **content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "stage": stage, "name": path.parent.name, "status": "done", "startup_seconds": 1.0,
        "work_seconds": 2.0, "packages": {"rankscope": "0.1.0"}, "python": "3.11.2",
        "machine": {"platform": "Linux", "cpus": 2},
    }  # fmt: skip
    path.write_text(json.dumps(record | content), "utf-8")


def _write_training(run: Run, number: int) -> None:
    rank = run.method.rank
    base, added = 6_738_415_616, (rank or 0) * 1_048_576
    results = {
        "status": "done", "diverged_at": None, "steps": [10], "total_steps": 10,
        "predicts": "token", "tokens": 4096,
        "trainable_parameters": added or base, "total_parameters": base + added,
    }  # fmt: skip
    _manifest(Path(layout.run_manifest(run.name)), "train", results=results)
    losses = 2 - 0.1 * np.arange(10) - 0.01 * number
    rows = [
        {"loss": float(loss), "learning_rate": 1e-3, "gradient_norm": 1.0, "tokens": 400}
        for loss in losses
    ]
    frame = pl.DataFrame([run.keys() | row for row in rows]).with_columns(
        step=pl.int_range(1, 11, dtype=pl.Int64)
    )
    frame.write_parquet(layout.loss_curve(run.name))


def _answers(run, evaluation, truth, tasks, items):
    """One row per item and metric; the same items are hard for every method."""
    kind = evaluation.data.kind
    sampling = evaluation.data.sampling_seed or 0
    ability = np.random.default_rng([1, kind == "intra", sampling]).uniform(0, 1, (tasks, items))
    rank = run.method.rank if run else None
    chance = truth(rank, run.data.series, kind) if run else 0.0
    seed = run.seed if run else 0
    own = np.random.default_rng([2, rank or 0, seed])
    chance += 0.01 * own.standard_normal()
    for task in range(tasks):
        category = CATEGORIES[task % len(CATEGORIES)]
        options = ["yes", "no"] if category in LABELLED else None
        for item in range(items):
            right = ability[task, item] + 0.1 * own.standard_normal() < chance
            outside = not right and own.uniform() < 0.3
            said = "yes" if right else ("perhaps so, who knows" if outside else "no")
            scores = {
                "exact_match": float(right),
                "rouge_l": 1.0 if right else 0.4 * own.uniform(),
                "empty": 0.0,
                "copies_input": 0.0,
            }
            if options:
                scores["out_of_options"] = float(outside)
            for metric, score in scores.items():
                yield {
                    "evaluation": evaluation.name, "measures": "learning",
                    **METRICS[metric].columns,
                    "item": f"task{task}/{item}", "score": score, "weight": 1.0,
                    "task": f"task{task}", "category": category, "kind": "generate",
                    "text": f"1: Ann is in hall {item}. 2: Ann is <indoors> & warm.",
                    "prediction": said, "truncated": False, "references": ["yes"],
                    "options": options,
                }  # fmt: skip


def _table(rows: list[dict], keys: dict, schema: dict) -> pl.DataFrame:
    full = [{name: (keys | row).get(name) for name in schema} for row in rows]
    return pl.DataFrame(full, schema=schema)


def _write_prompts(evaluation, tasks: int, items: int) -> None:
    path = Path(layout.data_rows(evaluation.data.name))
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "task": f"task{task}", "instance": str(item),
            "definition": f"Does the second sentence follow? Task {task}.",
            "text": f"1: Ann is in hall {item}. 2: Ann is <indoors> & warm.",
        }
        for task in range(tasks)
        for item in range(items)
    ]  # fmt: skip
    pl.DataFrame(rows).write_parquet(path)
