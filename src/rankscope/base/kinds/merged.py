"""The weights of a step of a run, merged: a base that further runs are trained on.

Guarantees: a whole model in float32, with the tokenizer and the head of the base that the run was
trained on: of the run only its body travels. A run that diverged, or ended before the step that is
asked for, gives no base; nor does one whose weights are not finite there. Where every weight was
trained, the head that the base brought along included, the files of the step are taken as they are;
an adapter is added to its base as for a measurement (`weights.steps`).
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts.files import write_json
from rankscope.artefacts.layout import step_folder
from rankscope.artefacts.manifest import Manifest
from rankscope.artefacts.reading import kept_steps, read_manifest, read_parquet, verified
from rankscope.errors import ModelError
from rankscope.foreign import read_json_object
from rankscope.records.bases import MODEL_FILES
from rankscope.records.runs import MergedBase
from rankscope.weights.adapters.adapter_config import ADAPTER_CONFIG

LAST_STEPS = 20
"""Optimizer steps whose mean loss is the final one."""


def make(base: MergedBase, inputs: Sequence[Path], output: Path, record: Manifest) -> None:
    """Merge the step of the run whose kept steps and base `inputs` are into `output`.

    Raises:
        ArtefactError: the run or its base is missing, or is not what was written.
        ModelError: the run diverged or kept no such step.
    """
    trained_on, steps = inputs
    record.inputs |= {path.as_posix(): verified(path) for path in inputs}
    trained = read_manifest(steps.with_name("run.json"))
    number = _step(base, steps, trained["results"])
    step = steps / step_folder(number)
    folder = record.folder(output)
    if _is_whole(step, trained_on):
        for path in step.glob("*"):
            shutil.copy(path, folder / path.name)
    else:
        _merge(base, trained_on, step, folder)
    _as_the_base_was(trained_on, folder)
    curve = read_parquet(steps.with_name("loss.parquet"), columns=["step", "loss", "tokens"])
    until = curve.filter(pl.col("step") <= number)
    record.results = {
        "parameters": trained["results"]["total_parameters"],
        "corpus_tokens": trained["results"]["tokens_per_pass"],
        "tokens": until["tokens"].max(),
        "final_loss": until["loss"].tail(LAST_STEPS).mean(),
    }


def _step(base: MergedBase, steps: Path, results: dict[str, Any]) -> int:
    """Return the step of the run that is merged.

    Raises:
        ModelError: the run did not end well, or kept no such step, as its weights were not finite.
    """
    run = base.run
    if results["status"] != "done":
        at = results["diverged_at"]
        how = "ran out of memory" if at is None else f"diverged at step {at}"
        advice = (
            "lower its batch size"
            if at is None
            else f"lower its learning rate, {run.recipe.learning_rate:g} now (`base.learning_rate`"
            " of an embedded base)"
        )
        raise ModelError(f"{run.name}: this run {how}, so that it gives no base; {advice}")
    kept = list(kept_steps(steps))
    number = base.step or int(results["total_steps"])
    if number not in kept:
        known = ", ".join(map(str, kept)) or "none"
        raise ModelError(
            f"{run.name}: step {number} was not kept; the run kept {known}. Weights that are"
            " not finite are never kept: take an earlier step, or lower the learning rate,"
            f" {run.recipe.learning_rate:g} now"
        )
    return number


def _is_whole(step: Path, trained_on: Path) -> bool:
    """Whether a step holds whole weights, under the head of the base that it was trained on."""
    from rankscope.weights.heads import own_head

    if (step / ADAPTER_CONFIG).exists():
        return False
    same_class = _config(step).get("architectures") == _config(trained_on).get("architectures")
    # a classifier's head is drawn anew by every run, also by one on the base's own labels
    own = own_head(trained_on)
    return same_class and own.lent_by_base and own == own_head(step)


def _merge(base: MergedBase, trained_on: Path, step: Path, folder: Path) -> None:
    """Save the model of a step, under the head of the base that it was trained on."""
    from rankscope.weights.steps import carried
    from rankscope.weights.text_head import training_head

    head = training_head(base.run.data, trained_on)
    carried(trained_on, step, head).save_pretrained(folder)


def _as_the_base_was(trained_on: Path, folder: Path) -> None:
    """Add the tokenizer of the base, and take back what training changed in the configuration."""
    for path in (found for pattern in MODEL_FILES for found in trained_on.glob(pattern)):
        if ".safetensors" not in path.name and not (folder / path.name).exists():
            shutil.copy(path, folder / path.name)
    # training needs no cache of keys and values, and says so in what it saves
    config = _config(folder) | {"use_cache": _config(trained_on).get("use_cache", True)}
    write_json(folder / "config.json", config)


def _config(folder: Path) -> dict[str, Any]:
    return read_json_object(folder / "config.json", ModelError)
