"""A synthetic study: what the stages before the report would have written, without running them.

The numbers are made so that the truth is known: full fine-tuning learns and forgets most, LoRA by
rank; low ranks have intruders, full fine-tuning has none. One run diverges half-way.
"""

import json
from pathlib import Path

import numpy as np
import polars as pl

from artefacts_of import scores_of, spectra_of
from evaluated import write_answers, write_scores
from rankscope.artefacts import layout
from rankscope.records.keys import KEYS
from rankscope.records.runs import Run
from rankscope.records.study import Study
from rankscope.studies.expand import load_study
from sealing import seal

REPOSITORY = Path(__file__).parents[2]
DEMO = REPOSITORY / "workflow/studies/demo.yaml"
STEPS = (25, 62, 125, 250)
MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
# method -> bits per byte learned on code and lost on English after the last step
EFFECT = {None: (0.50, 0.33), 1: (0.22, 0.08), 4: (0.30, 0.13), 16: (0.38, 0.19), 64: (0.43, 0.25)}
INTRUDER_SHARE = {None: 0.0, 1: 0.10, 4: 0.08, 16: 0.05, 64: 0.02}


def write_synthetic_study(
    root: Path, study_file: Path = DEMO, diverged: str | None = None
) -> Study:
    """Write artefacts of every run of the study below `root`; `diverged` names a run to break."""
    study = load_study(study_file)
    for variant in study.data.values():
        _manifest(root / layout.data_manifest(variant.name), "data", variant.name, 4.0)
    (root / layout.base_model(study.base.name)).mkdir(parents=True)
    _manifest(root / layout.base_manifest(study.base.name), "base", study.base.name, 70.0)
    _write_scores(root, study, None, (0,), np.random.default_rng(0))
    for number, run in enumerate(study.runs):
        rng = np.random.default_rng(number + 1)
        steps = STEPS[:2] if run.name == diverged else STEPS
        _write_training(root, run, steps, run.name == diverged, rng)
        _write_scores(root, study, run, steps, rng)
        if study.spectra is not None:
            _write_spectra(root, study, run, steps, rng)
    seal(root / "results")
    return study


def _manifest(path: Path, stage: str, name: str, seconds: float, **content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {
        "stage": stage, "name": name, "status": "done", "spec": {}, "inputs": {}, "outputs": {},
        "results": {}, "started": "2026-01-01T00:00:00+00:00", "startup_seconds": 2.5,
        "work_seconds": seconds, "threads": "1", "python": "3.11.2",
        "packages": {"rankscope": "0.1.0", "torch": "2.13.0"},
        "machine": {"platform": "Linux", "cpus": 2},
    }  # fmt: skip
    path.write_text(json.dumps(record | content))


def _frame(run: Run | None, study: Study | None, rows: list[dict]) -> pl.DataFrame:
    keys = study.base.keys() if run is None else run.keys()
    rows = [keys | row for row in rows]
    return pl.DataFrame(rows, infer_schema_length=None).cast(KEYS)


def _write_training(root, run, steps, diverged, rng):
    folder = root / layout.run_folder(run.name)
    folder.mkdir(parents=True)
    last = 90 if diverged else STEPS[-1]
    curve = 1.9 - EFFECT[run.method.rank][0] * (1 - np.exp(-np.arange(1, last + 1) / 60))
    curve += rng.normal(0, 0.04, last)
    if diverged:
        curve[70:] += np.linspace(0, 6, last - 70)
    rows = [
        {
            "step": step, "loss": float(curve[step - 1]), "learning_rate": 1e-3,
            "gradient_norm": 1.0, "tokens": step * 4096,
        }
        for step in range(1, last + 1)
    ]  # fmt: skip
    _frame(run, None, rows).write_parquet(folder / "loss.parquet")
    results = {
        "status": "diverged" if diverged else "done", "diverged_at": last if diverged else None,
        "steps": list(steps), "total_steps": STEPS[-1], "predicts": "token",
        "tokens": last * 4096,
        "trainable_parameters": 1_050_000 if run.method.rank is None else run.method.rank * 12_000,
        "total_parameters": 1_050_000 + (run.method.rank or 0) * 12_000,
    }  # fmt: skip
    _manifest(
        folder / "run.json", "train", run.name, 24.0, status=results["status"], results=results
    )


def _write_scores(root, study, run, steps, rng):
    scores = scores_of(study, (run or study.base).name, study.suites[0].label)
    rows = [
        row for step in steps for row in _scored_items(step, run.method.rank if run else None, rng)
    ]
    frame = _frame(run, study, rows)
    write_scores(scores, frame, root)
    write_answers(scores.answers, frame, root)


def _scored_items(step, rank, rng):
    share = 1 - np.exp(-3 * step / STEPS[-1])
    learned, forgotten = EFFECT[rank]
    items = np.random.default_rng(7)  # the same items for every run
    for name, measures, start, change in (
        ("code", "learning", 2.74, -learned),
        ("english", "forgetting", 2.53, forgotten),
    ):
        level, size = items.normal(start, 0.35, 100), items.integers(200, 4000, 100)
        own = items.normal(1, 0.25, 100)
        for item in range(100):
            score = level[item] + own[item] * change * share + rng.normal(0, 0.01) * (step > 0)
            yield {
                "step": step, "evaluation": name, "measures": measures, "metric": "bits_per_byte",
                "spelling": "bits per byte", "side": False, "largest": None,
                "higher_is_better": False, "unit": "bits per byte", "item": f"{name}-{item:03d}",
                "score": float(score), "weight": float(size[item]), "task": None, "category": None,
            }  # fmt: skip
    ability = items.uniform(0, 1, 200)
    for item in range(200):
        right = ability[item] + rng.normal(0, 0.05) < 0.42 - 0.2 * forgotten * share
        for metric in ("accuracy", "accuracy_normalised"):
            yield {
                "step": step, "evaluation": "continuations", "measures": "forgetting",
                "metric": metric, "higher_is_better": True, "unit": "accuracy",
                "spelling": metric.replace("_", " "), "side": False, "largest": 1.0,
                "item": f"item-{item:03d}", "score": float(right), "weight": 1.0,
                "task": None, "category": None,
            }  # fmt: skip


def _write_spectra(root, study, run, steps, rng):
    settings = study.spectra
    folder = root / layout.spectra(spectra_of(study, run.name).name)
    folder.mkdir(parents=True)
    tables: dict[str, list[dict]] = {
        "matrices": [],
        "intruders": [],
        "vectors": [],
        "similarity": [],
    }
    for step in steps:
        for layer in range(4):
            for module in MODULES:
                key = {
                    "step": step, "matrix": f"model.layers.{layer}.{module}.weight",
                    "module_type": module, "layer": layer,
                }  # fmt: skip
                _one_matrix(tables, key, run.method.rank, settings, rng)
    for name, rows in tables.items():
        _frame(run, None, rows).write_parquet(folder / f"{name}.parquet")
    _manifest(folder / "run.json", "spectra", run.name, 12.0)


def _one_matrix(tables, key, rank, settings, rng):
    progress = key["step"] / STEPS[-1]
    size = 128
    full = 70 + 5 * rng.normal() + 8 * progress
    effective = full if rank is None else min(rank, full) * rng.uniform(0.75, 0.95)
    tables["matrices"].append(key | {
        "rows": size, "columns": size if "proj" in key["module_type"] else 344,
        "effective_rank": float(effective), "rank90": max(1, int(effective * 0.6)),
        "rank90_of_noise": effective * 0.6 / 65,
        "frobenius_norm": 2.0 * progress, "spectral_norm": 0.5 * progress,
    })  # fmt: skip
    share = INTRUDER_SHARE[rank] * (0.4 + 0.6 * progress)
    for side in ("left", "right"):
        intruder = rng.random(20) < share
        cosine = np.where(intruder, rng.uniform(0.15, 0.6, 20), rng.uniform(0.75, 1.0, 20))
        for k in settings.ks:
            for epsilon in settings.epsilons:
                tables["intruders"].append(key | {
                    "side": side, "k": k, "epsilon": epsilon,
                    "intruders": int((cosine[:k] < epsilon).sum()),
                })  # fmt: skip
        sigma = np.sort(6 / np.arange(1, 21) ** 0.4 + intruder * progress)[::-1]
        for j in range(20):
            tables["vectors"].append(key | {
                "side": side, "j": j + 1, "sigma": float(sigma[j]),
                "max_cosine": float(cosine[j]), "base_index": j + 1,
            })  # fmt: skip
        for i in range(10):
            for j in range(10):
                near = cosine[j] if i == j else abs(rng.normal(0, 0.08))
                tables["similarity"].append(
                    key | {"side": side, "i": i + 1, "j": j + 1, "cosine": float(min(1, near))}
                )
