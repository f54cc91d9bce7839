"""What was run, in words a reader knows from papers: one line per thing, whatever the samplings."""

from collections.abc import Iterator

from rankscope.records.evaluations import Evaluation
from rankscope.records.recipes import Recipe
from rankscope.records.runs import Run
from rankscope.records.study import Study
from rankscope.report.evidence.methods import Labels, method_labels, variant_labels


def described(study: Study) -> list[tuple[str, str]]:
    """Terms and what they stand for; samplings of one mixture or test set are one line."""
    called = variant_labels(study)
    evaluations = [each for suite in study.suites for each in suite.evaluations]
    seeds = sorted({run.seed for run in study.runs})
    rows = [
        ("base model", study.base.name),
        ("trained on", ", ".join(_trained_on(study.runs, called))),
        *_recipes(study.runs),
        ("seeds", ", ".join(map(str, seeds))),
        *dict.fromkeys(
            (f"measures {each.measures}", _measured(each, called)) for each in evaluations
        ),
    ]
    if study.spectra is not None:
        grid = ", ".join(f"{each:g}" for each in study.spectra.epsilons)
        ks = ", ".join(map(str, study.spectra.ks))
        rows.append(("spectra", f"ε = {grid}; k = {ks}"))
    return rows


def _recipes(runs: tuple[Run, ...]) -> Iterator[tuple[str, str]]:
    """What all runs share of their recipe, and for methods alike what differs between methods."""
    written = {run.name: _written(run.recipe) for run in runs}
    parts = range(len(written[runs[0].name]))
    shared = [part for part in parts if len({each[part] for each in written.values()}) == 1]
    if shared:
        yield "recipe", ", ".join(written[runs[0].name][part] for part in shared)
    methods = method_labels(runs)
    by_method: dict[str, list[tuple[str, ...]]] = {}
    for run in runs:
        by_method.setdefault(methods[run.name], []).append(written[run.name])
    alike: dict[str, list[str]] = {}
    for method, recipes in by_method.items():
        differing = (
            " or ".join(dict.fromkeys(recipe[part] for recipe in recipes))
            for part in parts
            if part not in shared
        )
        alike.setdefault(", ".join(differing), []).append(method)
    yield from ((f"recipe of {', '.join(those)}", text) for text, those in alike.items() if text)


def _written(recipe: Recipe) -> tuple[str, ...]:
    """The parts of a recipe that readers look for; learning rates stand beside the results."""
    return (
        f"{recipe.steps} steps" if recipe.steps else f"{recipe.epochs:g} epochs",
        f"batch {recipe.batch_size} × {recipe.sequence_length} tokens",
        recipe.optimizer.label,
        f"{recipe.schedule.label} schedule",
        recipe.precision,
    )


def _trained_on(runs: tuple[Run, ...], called: Labels) -> list[str]:
    variants = sorted({run.data.name: run.data for run in runs}.items())
    return list(dict.fromkeys(data.described or called.get(name, name) for name, data in variants))


def _measured(evaluation: Evaluation, called: Labels) -> str:
    data = evaluation.data
    on = data.described or f"on {called.get(data.name, data.name)}"
    return f"{evaluation.name} ({evaluation.unit}), {on}"
