"""`generate`: greedy answers to the prompts of a test set, scored as text.

Kept per prompt: the raw answer, and what it is scored against. How answers are generated:
`evaluate.generation`; the measures of text: `evaluate.text_metrics`.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.evaluate.decoding import Way
from rankscope.evaluate.documents import read_prompts
from rankscope.evaluate.generation import generate
from rankscope.evaluate.kind import Advance
from rankscope.evaluate.metric import Metric, Row, TaskMetric
from rankscope.evaluate.text_metrics import (
    copies_input,
    exact_match,
    is_empty,
    label_entropy,
    largest_label_share,
    options,
    out_of_options,
    rouge_l,
)
from rankscope.evaluate.trial import way_to_decode
from rankscope.evaluate.weights import BaseTokenizer
from rankscope.records.evaluations import Generate

logger = logging.getLogger(__name__)

FROM_TEST_SET = ("task", "category", "text", "references", "options")
COLUMNS: dict[str, Any] = {
    "tokens": pl.Int64,
    "task": pl.String,
    "category": pl.String,
    "text": pl.String,
    "prediction": pl.String,
    "truncated": pl.Boolean,
    "references": pl.List(pl.String),
    "options": pl.List(pl.String),
}


def _out_of_options(row: Row) -> float | None:
    if row["options"] is None:
        return None
    return float(out_of_options(row["prediction"], options([row["options"]])))


def _predictions(rows: Sequence[Row]) -> list[str]:
    return [row["prediction"] for row in rows]


def _is_labelled(row: Row) -> bool:
    """Whether the item is of a classification task."""
    return row["options"] is not None


METRICS: tuple[Metric, ...] = (
    Metric(
        name="exact_match",
        unit="exact match",
        higher_is_better=True,
        score=lambda row: exact_match(row["prediction"], row["references"]),
    ),
    Metric(
        name="rouge_l",
        spelling="ROUGE-L",
        unit="ROUGE-L",
        higher_is_better=True,
        score=lambda row: rouge_l(row["prediction"], row["references"]),
    ),
    Metric(
        name="out_of_options",
        unit="share of answers",
        higher_is_better=False,
        side=True,
        score=_out_of_options,
    ),
    Metric(
        name="empty",
        unit="share of answers",
        higher_is_better=False,
        side=True,
        score=lambda row: float(is_empty(row["prediction"])),
    ),
    Metric(
        name="copies_input",
        unit="share of answers",
        higher_is_better=False,
        side=True,
        score=lambda row: float(
            copies_input(row["prediction"], row["text"], row["truncated"], row["references"])
        ),
    ),
    Metric(
        name="truncated",
        unit="share of answers",
        higher_is_better=False,
        side=True,
        score=lambda row: float(row["truncated"]),
    ),
)

TASK_METRICS: tuple[TaskMetric, ...] = (
    TaskMetric(
        name="label_entropy",
        unit="bits",
        higher_is_better=True,
        side=True,
        largest=None,
        score=lambda rows: label_entropy(_predictions(rows)),
        applies=_is_labelled,
    ),
    TaskMetric(
        name="label_entropy_of_references",
        unit="bits",
        higher_is_better=True,
        side=True,
        largest=None,
        score=lambda rows: label_entropy(row["references"][0] for row in rows),
        applies=_is_labelled,
    ),
    TaskMetric(
        name="largest_label_share",
        unit="share of answers",
        higher_is_better=False,
        side=True,
        score=lambda rows: largest_label_share(_predictions(rows)),
        applies=_is_labelled,
    ),
)


def prepare(
    evaluation: Generate, rows: Path, base: Path, tokenizer: BaseTokenizer
) -> "PreparedPrompts":
    """Render, cut and encode the prompts of the test set, as the training examples were.

    Raises:
        ArtefactError, DataError: the test set is missing, or a prompt cannot be cut to fit.
    """
    return PreparedPrompts(evaluation, rows, base, tokenizer)


class PreparedPrompts:
    """Prompts of a test set, rendered and encoded as the training examples are."""

    def __init__(
        self, evaluation: Generate, rows: Path, base: Path, tokenizer: BaseTokenizer
    ) -> None:
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
        # versions of one base are of one architecture: what the first supports, all do
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
