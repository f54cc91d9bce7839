"""`harness`: tasks of lm-eval-harness under their official templates, on local items.

Guarantees: prompt and choices are made by the task file that lm-eval ships; only its dataset is
replaced by our rows, which are read once and asked of every step. Nothing is fetched, and nothing
is written outside a temporary folder. Kept per item: the log-likelihood of
every choice and its length in bytes and characters, so that any choice metric can be computed
later.

The model handed over is the plain merged model: lm-eval ignores its own `peft` option for a model
that is already loaded.
"""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts.disk import writing
from rankscope.errors import DataError
from rankscope.evaluate.documents import read_rows
from rankscope.evaluate.kind import Advance
from rankscope.evaluate.likelihood import Reading, encode, reading_of
from rankscope.evaluate.metric import Metric, Row, TaskMetric
from rankscope.evaluate.weights import BaseTokenizer
from rankscope.records.evaluations import Harness
from rankscope.text.tokenizer import TextEncoder

BATCH_ITEMS = 16
COLUMNS: dict[str, Any] = {
    "choices_nats": pl.List(pl.Float64),
    "choices_bytes": pl.List(pl.Int64),
    "choices_characters": pl.List(pl.Int64),
    "answer": pl.Int64,
}


def accuracy(choices_nats: Sequence[float], answer: int) -> float:
    """Return 1 if the answer has the highest log-likelihood Σ ln p(token | …), else 0.

    Of equal choices the first counts as chosen (lm-eval's `acc`).
    """
    return float(_first_highest(choices_nats) == answer)


def accuracy_normalised(
    choices_nats: Sequence[float], choices_characters: Sequence[int], answer: int
) -> float:
    """Return 1 if the answer has the highest log-likelihood per character, else 0.

    Without the division the shortest ending tends to win (lm-eval's `acc_norm`, which divides by
    the number of characters, not bytes).
    """
    per_character = [
        nats / characters for nats, characters in zip(choices_nats, choices_characters, strict=True)
    ]
    return float(_first_highest(per_character) == answer)


def _first_highest(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


METRICS: tuple[Metric, ...] = (
    Metric(
        name="accuracy",
        unit="accuracy",
        higher_is_better=True,
        score=lambda row: accuracy(row["choices_nats"], row["answer"]),
    ),
    Metric(
        name="accuracy_normalised",
        unit="accuracy",
        higher_is_better=True,
        score=lambda row: accuracy_normalised(
            row["choices_nats"], row["choices_characters"], row["answer"]
        ),
    ),
)
TASK_METRICS: tuple[TaskMetric, ...] = ()


def prepare(
    evaluation: Harness, rows: Path, base: Path, tokenizer: BaseTokenizer
) -> "PreparedHarness":
    """Load the task over the rows of the variant.

    Raises:
        ArtefactError, DataError: the variant is missing, or an item's label is none of its endings.
    """
    del base
    return PreparedHarness(evaluation, rows, tokenizer)


class PreparedHarness:
    """Items of a harness task, loaded."""

    def __init__(self, evaluation: Harness, rows: Path, tokenizer: BaseTokenizer) -> None:
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


@dataclass(frozen=True)
class ChoiceItem:
    """What the model said about one multiple-choice item."""

    id: str
    answer: int
    choices_nats: list[float]
    choices_bytes: list[int]
    choices_characters: list[int]


# what the official template of HellaSwag reads, and the id that leads back to our rows
READ = ("id", "activity_label", "ctx_a", "ctx_b", "endings", "label")


class HarnessTask:
    """One task of the harness over the rows of a continuations variant."""

    def __init__(self, task: str, rows: pl.DataFrame) -> None:
        """Load the task.

        Args:
            task: name of the task in lm-eval; its shipped file lies in a folder of that name.
            rows: items with at least the columns `READ`.

        Raises:
            DataError: an item's label is none of its endings.
        """
        for id_, endings, label in rows.select("id", "endings", "label").iter_rows():
            if not 0 <= label < len(endings):
                raise DataError(f"item {id_}: label {label} is none of its {len(endings)} endings")
        with _quiet():
            self._task = _load(task, rows)
        self.items = rows.height
        texts = sorted((" ".join(text) for text in _texts(rows)), key=len)
        self._longest_and_shortest = texts[-1:] + texts[:1]
        self._reading: Reading | None = None

    def predict(self, model: Any, tokenizer: BaseTokenizer) -> list[ChoiceItem]:
        """Ask the model for the log-likelihood of every choice of every item, in row order."""
        samples = self.samples(model, tokenizer)
        return [
            ChoiceItem(
                id=sample["doc"]["id"],
                answer=int(sample["target"]),
                choices_nats=[float(nats) for nats, _ in sample["filtered_resps"]],
                choices_bytes=[len(choice.encode()) for choice in sample["doc"]["choices"]],
                choices_characters=[len(choice) for choice in sample["doc"]["choices"]],
            )
            for sample in sorted(samples, key=lambda sample: sample["doc_id"])
        ]

    def samples(self, model: Any, tokenizer: BaseTokenizer) -> list[dict[str, Any]]:
        """Return lm-eval's own logged samples: documents, responses and its per-item metrics.

        Beyond the model's context, or `likelihood.BATCH_TOKENS` where it has no limit, lm-eval cuts
        a text from the left.
        """
        from lm_eval.evaluator import evaluate
        from lm_eval.models.huggingface import HFLM

        if self._reading is None:
            self._reading = reading_of(model, encode(tokenizer, self._longest_and_shortest))
        reading = self._reading
        with _quiet():
            wrapped = HFLM(
                pretrained=model,
                tokenizer=tokenizer.decoder,
                backend="causal",
                max_length=reading.context,
                batch_size=BATCH_ITEMS if reading.batch_tokens else 1,
            )
            wrapped.tok_encode = partial(_tokens, tokenizer.encoder)
            wrapped.loglikelihood = partial(wrapped.loglikelihood, disable_tqdm=True)
            # what `simple_evaluate` does, without its inventory of the machine (seconds a call)
            results = evaluate(
                lm=wrapped,
                task_dict={"tasks": {self._task.task_name: self._task}},
                bootstrap_iters=0,
                log_samples=True,
            )
        return list(results["samples"][self._task.task_name])


def _tokens(
    encoder: TextEncoder,
    string: str,
    add_special_tokens: bool | None = None,
    left_truncate_len: int | None = None,
    **_: Any,
) -> list[int]:
    """Take the place of lm-eval's `tok_encode`, in which text can spell a control token."""
    ids = encoder.encode([string])[0] if add_special_tokens is False else encoder.framed(string)
    return ids[-left_truncate_len:] if left_truncate_len else ids


def _texts(rows: pl.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Yield what an item asks, with each of its endings."""
    for ctx_a, ctx_b, endings in rows.select("ctx_a", "ctx_b", "endings").iter_rows():
        yield from ((ctx_a, ctx_b, ending) for ending in endings)


def _load(task: str, rows: pl.DataFrame) -> Any:
    """Build the official task with `rows` in place of its dataset."""
    import lm_eval
    from lm_eval.tasks import TaskManager
    from lm_eval.tasks._yaml_loader import load_yaml

    shipped = load_yaml(Path(lm_eval.__file__).parent / "tasks" / task / f"{task}.yaml")
    # a tag would make the harness look for other tasks that carry it
    official = {key: value for key, value in shipped.items() if key != "tag"}
    with (
        writing(Path(tempfile.gettempdir()) / "rankscope"),
        tempfile.TemporaryDirectory(prefix="rankscope-") as folder,
    ):
        items = Path(folder) / "items.jsonl"
        rows.select(READ).write_ndjson(items)
        local = {
            "dataset_path": "json",
            "dataset_kwargs": {
                "data_files": {official["validation_split"]: str(items)},
                "cache_dir": folder,
                "keep_in_memory": True,
            },
            "training_split": None,
        }
        manager = TaskManager(include_defaults=False)
        loaded = manager.load([official | local])["tasks"][task]
        loaded.set_config(key="num_fewshot", value=0)
        loaded.set_fewshot_seed(seed=0)
    return loaded


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the harness's warnings that a loaded model was handed over: that is what we mean."""
    logger = logging.getLogger("lm_eval")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
