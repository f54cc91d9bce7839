"""The stage function `predict`: what a model says about every item, at every kept step, unscored.

Guarantees: one process reads the items once and visits all steps of one run; the rows depend on
the weights, the items and the thread count alone, so that equal runs give equal tables. A run
without any kept step (diverged at once) gives an empty table. Not here: scores (`score`).
"""

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from rankscope.artefacts.manifest import Manifest, manifest
from rankscope.artefacts.reading import verified
from rankscope.evaluate.decoding import Way
from rankscope.evaluate.documents import read_prompts, read_rows, select_documents
from rankscope.evaluate.likelihood import Reading
from rankscope.evaluate.tables import PREDICTIONS, Subject
from rankscope.progress import Progress
from rankscope.records.evaluations import BitsPerByte, Evaluation, Generate, Harness, Suite
from rankscope.records.heads import CausalLM

logger = logging.getLogger(__name__)

Row = dict[str, Any]
Advance = Callable[[int], None]


class Prepared(Protocol):
    """An evaluation whose items are read and tokenised: it only lacks a model."""

    items: int

    def rows(self, model: Any, advance: Advance) -> Iterator[Row]:
        """Yield one row per item, without the key columns."""


def predict(suite: Suite, subject: Subject, data: dict[str, Path], output: Path) -> None:
    """Write what every step of `subject` says about every item of `suite`.

    Args:
        suite: the evaluations; they share the process and the items in it.
        subject: the run (or base) and the folders of its weights.
        data: rows of every data variant of the suite, under the variant's name.
        output: parquet with the columns of `tables.PREDICTIONS`; its manifest lies beside it.

    Raises:
        ArtefactError, DataError, ModelError: an input is missing or does not fit.
    """
    spec = {"suite": suite.canonical(), "subject": subject.name, "steps": list(subject.steps)}
    with manifest(
        output.with_suffix(".json"), "evaluate-predict", f"{subject.name}.{suite.name}", spec
    ) as record:
        for folder in (subject.base, *filter(None, subject.steps.values())):
            verified(folder)
        if subject.steps:
            table = pl.DataFrame(
                list(_visit(suite, subject, data, record)), schema=PREDICTIONS, orient="row"
            )
        else:
            logger.warning("%s kept no step: its table of predictions is empty", subject.name)
            table = pl.DataFrame(schema=PREDICTIONS)
        record.parquet(output, table)
        record.results |= {"steps": list(subject.steps), "rows": table.height}


def _visit(
    suite: Suite, subject: Subject, data: dict[str, Path], record: Manifest
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of all steps and evaluations in the column order of the table."""
    from rankscope.evaluate.weights import load_tokenizer
    from rankscope.weights.causality import refuse_foresight
    from rankscope.weights.steps import load_step

    first_step, *_ = subject.steps.values()
    tokenizer = load_tokenizer(subject.base)
    model = load_step(subject.base, first_step, CausalLM())
    refuse_foresight(model)
    prepared = [
        (evaluation, _prepare(evaluation, data[evaluation.data.name], subject, tokenizer))
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
                yield tuple((keys | row).get(column) for column in PREDICTIONS)
            seconds[evaluation.name] += time.monotonic() - started
    record.results["items"] = {evaluation.name: items.items for evaluation, items in prepared}
    record.results["seconds"] = {name: round(spent, 2) for name, spent in seconds.items()}


def _prepare(evaluation: Evaluation, rows: Path, subject: Subject, tokenizer: Any) -> Prepared:
    if isinstance(evaluation, Harness):
        return PreparedHarness(evaluation, rows, tokenizer)
    if isinstance(evaluation, Generate):
        return PreparedPrompts(evaluation, rows, subject.base, tokenizer)
    return PreparedDocuments(evaluation, rows, tokenizer)


class PreparedDocuments:
    """Held-out documents, tokenised."""

    def __init__(self, evaluation: BitsPerByte, rows: Path, tokenizer: Any) -> None:
        from rankscope.evaluate.likelihood import encode

        self._documents = select_documents(
            read_rows(rows), evaluation.documents, evaluation.max_bytes_per_document
        )
        self._sequences = encode(tokenizer, [document.text for document in self._documents])
        self._reading: Reading | None = None
        self.items = len(self._documents)

    def rows(self, model: Any, advance: Advance) -> Iterator[Row]:
        """Yield nats, bytes and tokens of every document."""
        from rankscope.evaluate.likelihood import negative_log_likelihoods, reading_of

        self._reading = self._reading or reading_of(model, self._sequences)
        nats = negative_log_likelihoods(
            model, self._sequences, self._reading.context, advance, self._reading.batch_tokens
        )
        for document, sequence, value in zip(self._documents, self._sequences, nats, strict=True):
            yield {
                "item": document.id,
                "nats": value,
                "bytes": document.bytes,
                "tokens": len(sequence) - 1,
            }


class PreparedHarness:
    """Items of a harness task, loaded."""

    def __init__(self, evaluation: Harness, rows: Path, tokenizer: Any) -> None:
        from rankscope.evaluate.harness import HarnessTask

        self._task = HarnessTask(evaluation.task, read_rows(rows))
        self._tokenizer = tokenizer
        self.items = self._task.items

    def rows(self, model: Any, advance: Advance) -> Iterator[Row]:
        """Yield log-likelihoods and lengths of every item's choices."""
        for item in self._task.predict(model, self._tokenizer):
            yield {
                "item": item.id,
                "choices_nats": item.choices_nats,
                "choices_bytes": item.choices_bytes,
                "choices_characters": item.choices_characters,
                "answer": item.answer,
            }
        advance(self.items)


FROM_TEST_SET = ("task", "category", "text", "references", "options")


class PreparedPrompts:
    """Prompts of a test set, rendered and encoded as the training examples are."""

    def __init__(self, evaluation: Generate, rows: Path, base: Path, tokenizer: Any) -> None:
        from rankscope.text.encoding import Limits, load_prompt_encoder
        from rankscope.text.prompts import render

        self._rows = read_prompts(rows)
        encoder = load_prompt_encoder(base, Limits(source=evaluation.prompt_tokens))
        template = evaluation.data.template
        prompts = [
            encoder.encode_prompt(render(template, row["definition"], row["text"]))
            for row in self._rows
        ]
        cut = sum(each.cut_from_text > 0 or each.cut_from_definition > 0 for each in prompts)
        logger.info("%s: %d of %d prompts were cut to fit", evaluation.name, cut, len(prompts))
        self._prompts = [each.input_ids for each in prompts]
        self._way: Way | None = None
        self._answer_tokens, self._tokenizer = evaluation.answer_tokens, tokenizer
        self.items = len(prompts)

    def rows(self, model: Any, advance: Advance) -> Iterator[Row]:
        """Yield the raw answer to every prompt, with what it is scored against."""
        from rankscope.evaluate.generation import generate
        from rankscope.evaluate.trial import way_to_decode

        # the steps of a run are of one architecture: what the first supports, all do
        self._way = self._way or way_to_decode(model, self._prompts)
        answers = generate(
            model,
            self._tokenizer,
            self._prompts,
            self._answer_tokens,
            advance=advance,
            way=self._way,
        )
        for row, answer in zip(self._rows, answers, strict=True):
            yield {
                "item": f"{row['task']}/{row['instance']}",
                "tokens": answer.tokens,
                "prediction": answer.text,
                "truncated": answer.truncated,
                **{name: row[name] for name in FROM_TEST_SET},
            }
