"""Answers side by side (Figure 3 of *Beyond Full Fine-tuning*), chosen by a rule, not by hand.

The rule: full fine-tuning and LoRA of the lowest and of the highest rank, trained on the most
tasks, in the first sampling that all three finished, answer the items of unseen tasks. The lead of
full fine-tuning on an item is its ROUGE-L minus the mean of the two LoRAs'. In each category, the
item on which it leads most is a candidate, and the item on which it trails most; shown are the
`EACH` candidates of either kind that are furthest apart, those of equal lead by name. Such items
are extreme by construction: they show how answers differ, not how often.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts import layout
from rankscope.report.claims.mixtures import Mixtures
from rankscope.report.evidence import Condition, Evaluation, Evidence
from rankscope.report.mixture_tables import Place
from rankscope.study.specs import Study, TestSet

EACH = 3
CASES: dict[str, Any] = {
    "number": pl.Int64, "full_is": pl.String, "category": pl.String, "task": pl.String,
    "item": pl.String, "definition": pl.String, "text": pl.String,
    "references": pl.List(pl.String), "trained_on": pl.String, "seed": pl.Int64,
    "condition": pl.String, "rank": pl.Int64, "prediction": pl.String, "rouge_l": pl.Float64,
}  # fmt: skip
PROMPTS: dict[str, Any] = {"item": pl.String, "definition": pl.String, "text": pl.String}


@dataclass(frozen=True)
class Compared:
    """Full fine-tuning and two LoRAs on one sampling: conditions with the run of each."""

    conditions: tuple[Condition, ...]
    runs: tuple[str, ...]
    trained_on: str
    seed: int
    test: Evaluation


def cases(study: Study, evidence: Evidence) -> pl.DataFrame:
    """Choose the cases and read what was answered; empty where the three are not all there."""
    compared = _compared(evidence)
    chosen = _chosen(evidence, compared) if compared else None
    if compared is None or chosen is None or chosen.is_empty():
        return pl.DataFrame(schema=CASES)
    names = chosen["item"].to_list()
    three = zip(compared.runs, compared.conditions, strict=True)
    labels = pl.DataFrame(
        [(run, condition.method, condition.rank) for run, condition in three],
        schema={"run": pl.String, "condition": pl.String, "rank": pl.Int64},
        orient="row",
    )
    found = (
        chosen.join(_prompts(study, compared.test, names), on="item", how="left")
        .join(_said(study, compared, names), on="item")
        .join(labels, on="run")
        .with_columns(trained_on=pl.lit(compared.trained_on), seed=pl.lit(compared.seed))
        .join(_rouge(evidence, compared), on=["run", "item"])
    )
    order = ["number", pl.col("rank").fill_null(0)]
    return found.sort(order).select(pl.col(name).cast(kind) for name, kind in CASES.items())


def _compared(evidence: Evidence) -> Compared | None:
    """Full fine-tuning and LoRA of the lowest and highest rank, where a sampling has them all."""
    for mixtures in Mixtures.of(evidence):
        test = evidence.on_tests("inter", "rouge_l")
        if test is None:
            return None
        conditions = Place(mixtures, mixtures.largest, test).conditions
        fulls = [each for each in conditions if not each.is_lora]
        loras = [each for each in conditions if each.is_lora]
        if not fulls or len({each.rank for each in loras}) < 2:
            continue
        three = (fulls[0], loras[0], loras[-1])
        seeds = mixtures.seeds(test.name, *three)
        if seeds:
            runs = tuple(of[0] for of in mixtures.runs(test.name, *three))
            return Compared(three, runs, mixtures.largest.label, seeds[0], test)
    return None


def _rouge(evidence: Evidence, compared: Compared) -> pl.DataFrame:
    """ROUGE-L of each of the runs on each item, after the last step."""
    rows = evidence.items.filter(
        pl.col("evaluation") == compared.test.name, pl.col("run").is_in(compared.runs)
    )
    last = rows.filter(pl.col("step") == pl.col("step").max().over("run"))
    return last.select("run", "item", pl.col("score").alias("rouge_l"))


def _chosen(evidence: Evidence, compared: Compared) -> pl.DataFrame:
    """The items that the rule names: number, full_is, category, task, item."""
    about = evidence.items.filter(
        pl.col("evaluation") == compared.test.name, pl.col("run") == compared.runs[0]
    ).select("item", "category", "task")
    full, low, high = compared.runs
    wide = (
        _rouge(evidence, compared)
        .pivot(on="run", index="item", values="rouge_l")
        .join(about.unique(), on="item")
        .with_columns(lead=pl.col(full) - (pl.col(low) + pl.col(high)) / 2)
    )
    kinds = (("better", True), ("worse", False))
    parts = [
        wide.filter(pl.col("lead") > 0 if better else pl.col("lead") < 0)
        .sort(pl.col("lead").abs(), "item", descending=[True, False])
        .unique(subset="category", keep="first", maintain_order=True)
        .head(EACH)
        .select("category", "task", "item", full_is=pl.lit(name))
        for name, better in kinds
    ]
    return pl.concat(parts).with_row_index("number", offset=1)


def _said(study: Study, compared: Compared, items: Sequence[str]) -> pl.DataFrame:
    """What the runs answered: item, references, run, prediction."""
    paths = [
        Path(layout.predictions(name, suite.name))
        for name, suite in study.measured
        if name in compared.runs
    ]
    schema: dict[str, Any] = {
        "run": pl.String, "step": pl.Int64, "item": pl.String, "references": pl.List(pl.String),
        "prediction": pl.String,
    }  # fmt: skip
    asked = (pl.col("evaluation") == compared.test.asked) & pl.col("item").is_in(items)
    frames = [
        pl.scan_parquet(path).filter(asked).select(list(schema)).collect()
        for path in paths
        if path.exists()
    ]
    rows = pl.concat([pl.DataFrame(schema=schema), *frames])
    return rows.filter(pl.col("step") == pl.col("step").max().over("run")).drop("step")


def _prompts(study: Study, test: Evaluation, items: Sequence[str]) -> pl.DataFrame:
    """Definition and input of the items, from the rows of the test set where these are there."""
    data = {
        evaluation.data.name
        for suite in study.suites
        for evaluation in suite.evaluations
        if evaluation.name == test.asked and isinstance(evaluation.data, TestSet)
    }
    named = pl.format("{}/{}", "task", "instance").alias("item")
    frames = [
        pl.read_parquet(path, columns=["task", "instance", "definition", "text"])
        .select(named, "definition", "text")
        .filter(pl.col("item").is_in(items))
        for path in map(Path, map(layout.data_rows, sorted(data)))
        if path.exists()
    ]
    return pl.concat([pl.DataFrame(schema=PROMPTS), *frames])
