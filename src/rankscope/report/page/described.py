"""What was run, in words a reader knows from papers: one line per thing, whatever the samplings."""

from rankscope.records.evaluations import Evaluation
from rankscope.records.instructions import Mixture, TestSet
from rankscope.records.runs import Run
from rankscope.records.study import Study
from rankscope.report.evidence.methods import Labels, variant_labels


def described(study: Study) -> list[tuple[str, str]]:
    """Terms and what they stand for; samplings of one mixture or test set are one line."""
    first = study.runs[0]
    recipe = first.recipe
    length = f"{recipe.steps} steps" if recipe.steps else f"{recipe.epochs:g} epochs"
    called = variant_labels(study)
    evaluations = [each for suite in study.suites for each in suite.evaluations]
    seeds = sorted({run.seed for run in study.runs})
    rows = [
        ("base model", study.base.name),
        ("trained on", ", ".join(_trained_on(study.runs, called))),
        (
            "recipe",
            f"{length}, batch {recipe.batch_size} × {recipe.sequence_length} tokens,"
            f" {recipe.optimizer.label}, {recipe.schedule.label} schedule, {recipe.precision}",
        ),
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


def _trained_on(runs: tuple[Run, ...], called: Labels) -> list[str]:
    names = {
        f"{run.data.series} ({run.data.examples_per_task} examples per task)"
        if isinstance(run.data, Mixture)
        else called.get(run.data.name, run.data.name): None
        for run in sorted(runs, key=lambda run: run.data.name)
    }
    return list(names)


def _measured(evaluation: Evaluation, called: Labels) -> str:
    data = evaluation.data
    asked = f"{evaluation.name} ({evaluation.unit})"
    if not isinstance(data, TestSet):
        return f"{asked}, on {called.get(data.name, data.name)}"
    of = f"{data.examples_per_task} items of each task"
    if data.kind == "inter":
        return f"{asked}, {of} that no run was trained on"
    own = " of the run's own sampling" if data.sampling_seed is not None else ""
    return f"{asked}, {of} of the smallest mixture{own}"
