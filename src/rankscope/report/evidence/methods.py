"""What the report compares: conditions, in the order in which every figure and table shows them.

A *condition* is all that two runs share when they differ in nothing but the seed. Its label is the
method's (`Full`, `LoRA r=16`: `method_labels`) as long as the study has one condition per method;
otherwise what differs is added (`LoRA r=16, lr 0.003`), so that runs of a learning-rate sweep are
never averaged.
What the conditions on one training set are called among themselves, without naming the set, is
their *treatment*.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import compress
from types import MappingProxyType
from typing import Any

from rankscope.records.runs import Run
from rankscope.records.study import Study

Labels = Mapping[str, str]  # what a study calls its data variants, by their names
UNLABELLED: Labels = MappingProxyType({})


def variant_labels(study: Study) -> Labels:
    """The study's own label of each data variant; of several labels the first."""
    return {spec.name: label for label, spec in reversed(study.data.items())}


def treatment_labels(runs: Sequence[Run], called: Labels = UNLABELLED) -> dict[str, str]:
    """Map each run's name to the label of its condition among those on the same training set."""
    data, methods = data_names(runs, called), method_labels(runs)
    labels: dict[str, str] = {}
    for name in dict.fromkeys(data.values()):
        of_set = [run for run in runs if data[run.data.name] == name]
        labels |= _labels(of_set, data_names(of_set, called), methods)
    return labels


def method_labels(runs: Sequence[Run]) -> dict[str, str]:
    """Map each run's name to its method's label.

    `LoRA r=16` as long as the study's LoRAs are of one family; with several, the label says in what
    they differ: `LoRA α=8 r=16`. So methods of two families never share a label.
    """
    adapters = [method.traits for method in dict.fromkeys(run.method for run in runs)]
    tells = [len(set(values)) > 1 for values in zip(*filter(None, adapters), strict=True)]
    return {run.name: run.method.called(*compress(run.method.traits, tells)) for run in runs}


def condition_labels(runs: Sequence[Run], called: Labels = UNLABELLED) -> dict[str, str]:
    """Map each run's name to its condition's label."""
    return _labels(runs, data_names(runs, called), method_labels(runs))


def _labels(
    runs: Sequence[Run], data: Mapping[str, str], methods: Mapping[str, str]
) -> dict[str, str]:
    described = {run.name: _description(run, data[run.data.name]) for run in runs}
    by_method: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        by_method.setdefault(methods[run.name], []).append(described[run.name])
    labels = {}
    for run in runs:
        alike = by_method[methods[run.name]]
        mine = described[run.name]
        varying = [key for key in mine if any(other.get(key) != mine[key] for other in alike)]
        labels[run.name] = ", ".join(
            [methods[run.name], *(f"{key} {_written(mine[key])}" for key in varying)]
        )
    return labels


def data_names(runs: Sequence[Run], called: Labels = UNLABELLED) -> dict[str, str]:
    """Name the data of the runs as the study does.

    All samplings of a mixture have one name, its series in the paper if that names one mixture.
    """
    found = {}
    for data in {run.data.name: run.data for run in runs}.values():
        label = called.get(data.name, data.name)
        found[data.name] = (
            (data.whatever_sampling.name, data.series) if data.series else (label, label)
        )
    mixtures = Counter(series for _, series in set(found.values()))
    return {
        name: series if mixtures[series] == 1 else undrawn
        for name, (undrawn, series) in found.items()
    }


def _description(run: Run, data: str) -> dict[str, Any]:
    """Everything but the seed, under the names a label uses."""
    method = {k: v for k, v in run.method.canonical().items() if k not in ("kind", "rank")}
    recipe = run.recipe.canonical()
    return {"lr": recipe.pop("learning_rate"), **method, **recipe, "data": data}


def _written(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
