"""The stage function `predict`: what a model says about every item, at every kept step, unscored.

Guarantees: one process reads the items once and visits all steps of one run; the rows depend on
the weights, the items and the thread count alone, so that equal runs give equal tables. A run
without any kept step (diverged at once) gives an empty table. Not here: scores (`score`).
"""

import logging
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts.manifest import Manifest, manifest
from rankscope.artefacts.reading import verified
from rankscope.evaluate.kind import kind_of
from rankscope.evaluate.metric import Row
from rankscope.evaluate.tables import COMMON, Subject
from rankscope.progress import Progress
from rankscope.records.evaluations import Suite
from rankscope.records.heads import CausalLM

logger = logging.getLogger(__name__)


def predict(suite: Suite, subject: Subject, data: dict[str, Path], output: Path) -> None:
    """Write what every step of `subject` says about every item of `suite`.

    Args:
        suite: the evaluations; they share the process and the items in it.
        subject: the run (or base) and the folders of its weights.
        data: rows of every data variant of the suite, under the variant's name.
        output: parquet with the columns of `columns_of`; its manifest lies beside it.

    Raises:
        ArtefactError, DataError, ModelError: an input is missing or does not fit.
    """
    spec = {"suite": suite.canonical(), "subject": subject.name, "steps": list(subject.steps)}
    with manifest(output.with_suffix(".json"), "evaluate-predict", output.stem, spec) as record:
        for folder in (subject.base, *filter(None, subject.steps.values())):
            verified(folder)
        columns = columns_of(suite)
        if subject.steps:
            rows = [tuple(map(row.get, columns)) for row in _visit(suite, subject, data, record)]
            table = pl.DataFrame(rows, schema=columns, orient="row")
        else:
            logger.warning("%s kept no step: its table of predictions is empty", subject.name)
            table = pl.DataFrame(schema=columns)
        record.parquet(output, table)
        record.results |= {"steps": list(subject.steps), "rows": table.height}


def _visit(
    suite: Suite, subject: Subject, data: dict[str, Path], record: Manifest
) -> Iterator[Row]:
    """Yield the rows of all steps and evaluations."""
    from rankscope.evaluate.weights import load_tokenizer
    from rankscope.weights.causality import refuse_foresight
    from rankscope.weights.steps import load_step

    first_step, *_ = subject.steps.values()
    tokenizer = load_tokenizer(subject.base)
    model = load_step(subject.base, first_step, CausalLM())
    refuse_foresight(model)
    prepared = [
        (
            evaluation,
            kind_of(evaluation).prepare(
                evaluation, data[evaluation.data.name], subject.base, tokenizer
            ),
        )
        for evaluation in suite.evaluations
    ]
    record.work_begins()
    progress = Progress(
        f"evaluate {subject.name}",
        len(subject.steps) * sum(evaluation.items for _, evaluation in prepared),
    )
    seconds = {evaluation.name: 0.0 for evaluation in suite.evaluations}
    for step, folder in subject.steps.items():
        if folder is not first_step:
            model = None  # frees the memory of the last step before the next is read
            model = load_step(subject.base, folder, CausalLM())
        for evaluation, items in prepared:
            started = time.monotonic()
            keys = subject.keys | {
                "step": step,
                "evaluation": evaluation.name,
                "kind": evaluation.kind,
                "measures": evaluation.measures,
            }
            advance = partial(progress.advance, note=f"step {step} {evaluation.name}")
            for row in items.rows(model, advance):
                yield keys | row
            seconds[evaluation.name] += time.monotonic() - started
    record.results["items"] = {evaluation.name: items.items for evaluation, items in prepared}
    record.results["seconds"] = {name: round(spent, 2) for name, spent in seconds.items()}


def columns_of(suite: Suite) -> dict[str, Any]:
    """Columns of the predictions of a suite: what does not apply to an evaluation is null."""
    columns = dict(COMMON)
    for evaluation in suite.evaluations:
        columns |= kind_of(evaluation).COLUMNS
    return columns
