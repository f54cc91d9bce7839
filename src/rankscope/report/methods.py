"""What the report compares: conditions, in the order in which every figure and table shows them.

A *condition* is all that two runs share when they differ in nothing but the seed. Its label is the
method's (`Full`, `LoRA r=16`) as long as the study has one condition per method; otherwise what
differs is added (`LoRA r=16, lr 0.003`), so that runs of a learning-rate sweep are never averaged.
"""

from collections.abc import Sequence
from typing import Any

from rankscope.study.specs import Mixture, Run

BASE = "Base"


def condition_labels(runs: Sequence[Run]) -> dict[str, str]:
    """Map each run's name to its condition's label."""
    described = {run.name: _description(run) for run in runs}
    by_method: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        by_method.setdefault(run.method.label, []).append(described[run.name])
    labels = {}
    for run in runs:
        alike = by_method[run.method.label]
        mine = described[run.name]
        varying = [key for key in mine if any(other.get(key) != mine[key] for other in alike)]
        labels[run.name] = ", ".join(
            [run.method.label, *(f"{key} {_written(mine[key])}" for key in varying)]
        )
    return labels


def _description(run: Run) -> dict[str, Any]:
    """Everything but the seed, under the names a label uses."""
    method = {k: v for k, v in run.method.canonical().items() if k not in ("kind", "rank")}
    recipe = run.recipe.canonical()
    # what one sampling and another draw of the same mixture has one name
    data = run.data.replaced(sampling_seed=None) if isinstance(run.data, Mixture) else run.data
    return {"lr": recipe.pop("learning_rate"), **method, **recipe, "data": data.name}


def _written(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def condition_order(runs: Sequence[Run]) -> list[str]:
    """Labels of the conditions: full fine-tuning first, then LoRA by rank, base not included."""
    labels = condition_labels(runs)
    ordered = sorted(
        runs, key=lambda run: (run.method.rank or 0, run.recipe.learning_rate, labels[run.name])
    )
    return list(dict.fromkeys(labels[run.name] for run in ordered))
