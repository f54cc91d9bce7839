"""Answers side by side (Figure 3 of *Beyond Full Fine-tuning*), chosen by a rule, not by hand.

The rule: full fine-tuning and LoRA of the lowest and of the highest rank that were scored, each by
its best recipe, on the most tasks for which all three are there, in the first sampling that all
three finished, answer the items of unseen tasks. Planned ranks outside these two are named
(`note`). The lead of full fine-tuning on an item is its ROUGE-L minus the mean of the two LoRAs'.
In each category, the item on which it leads most is a candidate, and the item on which it trails
most; shown are the `EACH` candidates of either kind that are furthest apart, those of equal lead by
name. Such items are extreme by construction: they show how answers differ, not how often.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rankscope.artefacts import layout
from rankscope.artefacts.parts import Part
from rankscope.artefacts.reading import is_made, read_parquet, scan_parquet
from rankscope.records.evaluations import key
from rankscope.records.measurements import Answers
from rankscope.records.methods import FULL
from rankscope.records.study import Study
from rankscope.report.chapters.mixtures.subject import Mixtures
from rankscope.report.chapters.mixtures.tables import Place
from rankscope.report.evidence.evidence import Condition, Evaluation, Evidence
from rankscope.report.evidence.listed import answered

EACH = 3
CASES: dict[str, Any] = {
    "number": pl.Int64, "full_is": pl.String, "category": pl.String, "task": pl.String,
    "item": pl.String, "definition": pl.String, "text": pl.String,
    "references": pl.List(pl.String), "series": pl.String, "trained_on": pl.String,
    "seed": pl.Int64, "note": pl.String, "condition": pl.String, "family": pl.String,
    "rank": pl.Int64,
    "learning_rate": pl.Float64, "prediction": pl.String, "rouge_l": pl.Float64,
}  # fmt: skip
PROMPTS: dict[str, Any] = {"item": pl.String, "definition": pl.String, "text": pl.String}


@dataclass(frozen=True)
class Compared:
    """Full fine-tuning and two LoRAs on one sampling: conditions with the run of each."""

    conditions: tuple[Condition, ...]
    runs: tuple[str, ...]
    series: str
    trained_on: str
    seed: int
    test: Evaluation
    note: str


def cases(study: Study, evidence: Evidence) -> pl.DataFrame:
    """Choose the cases and read what was answered; empty where the three are not all there."""
    compared = _compared(evidence)
    chosen = _chosen(evidence, compared) if compared else None
    if compared is None or chosen is None or chosen.is_empty():
        return pl.DataFrame(schema=CASES)
    names = chosen["item"].to_list()
    said = _said(study, compared, names)
    found = (
        chosen.join(_three(compared), how="cross")
        .join(_prompts(study, compared.test, names), on="item", how="left")
        .join(said.select("item", "references").unique("item"), on="item", how="left")
        .join(said.drop("references"), on=["run", "item"], how="left")
        .join(_rouge(evidence, compared), on=["run", "item"])
    )
    order = ["number", pl.col("family") != FULL, "rank"]
    return found.sort(order).select(pl.col(name).cast(kind) for name, kind in CASES.items())


def _compared(evidence: Evidence) -> Compared | None:
    """Full fine-tuning and LoRA of the lowest and highest rank, where a sampling has them all."""
    test = evidence.on_tests("inter", "rouge_l")
    if test is None:
        return None
    places = (
        Place(of_family, on, test)
        for mixtures in Mixtures.of(evidence)
        for of_family in mixtures.families
        for on in reversed(mixtures.shown)
    )
    return next(filter(None, map(_of_place, places)), None)


def _of_place(place: Place) -> Compared | None:
    planned = [each for each in place.chosen if each.is_lora]
    fulls = [each for each in place.chosen if not each.is_lora and each.runs]
    loras = [each for each in planned if each.runs]
    if not fulls or len(loras) < 2:
        return None
    three = (fulls[0], loras[0], loras[-1])
    seeds = place.mixtures.seeds(place.test.name, *three)
    if not seeds:
        return None
    first, last = planned.index(loras[0]), planned.index(loras[-1])
    outside = ", ".join(each.method for each in planned[:first] + planned[last + 1 :])
    return Compared(
        conditions=three,
        runs=tuple(of[0] for of in place.mixtures.runs(place.test.name, *three)),
        series=place.mixtures.series,
        trained_on=place.on.label,
        seed=seeds[0],
        test=place.test,
        note=f"no run of {outside} was scored there" if outside else "",
    )


def _three(compared: Compared) -> pl.DataFrame:
    """What the three are: one row per run."""
    rows = [
        {
            "run": run, "condition": each.method, "family": each.family, "rank": each.rank,
            "series": compared.series, "learning_rate": each.learning_rate,
            "trained_on": compared.trained_on, "seed": compared.seed, "note": compared.note,
        }
        for run, each in zip(compared.runs, compared.conditions, strict=True)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"rank": pl.Int64})


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
    runs = set(compared.runs)
    paths = [
        Path(layout.predictions(part.name))
        for answers in study.answers
        if not runs.isdisjoint(subject.name for subject in answers.subjects)
        for part in _answered(answers, compared.test.asked)
    ]
    schema: dict[str, Any] = {
        "run": pl.String, "step": pl.Int64, "item": pl.String, "references": pl.List(pl.String),
        "prediction": pl.String,
    }  # fmt: skip
    frames = [
        scan_parquet(path)
        .filter(pl.col("item").is_in(items), pl.col("run").is_in(runs))
        .select(list(schema))
        .collect()
        for path in paths
    ]
    rows = pl.concat([pl.DataFrame(schema=schema), *frames])
    return rows.filter(pl.col("step") == pl.col("step").max().over("run")).drop("step")


def _answered(answers: Answers, evaluation: str) -> list[Part]:
    """What was said of the evaluation of a name; nothing where nothing was asked yet."""
    keys = {key(each) for each in answers.suite.evaluations if each.name == evaluation}
    return [part for part in answered(answers) if part.evaluation in keys]


def _prompts(study: Study, test: Evaluation, items: Sequence[str]) -> pl.DataFrame:
    """Definition and input of the items, from the rows of the test set where these are there."""
    data = {
        evaluation.data.name
        for suite in study.suites
        for evaluation in suite.evaluations
        if evaluation.name == test.asked and evaluation.data.tests is not None
    }
    named = pl.format("{}/{}", "task", "instance").alias("item")
    frames = [
        read_parquet(path, columns=["task", "instance", "definition", "text"])
        .select(named, "definition", "text")
        .filter(pl.col("item").is_in(items))
        for path in map(Path, map(layout.data_rows, sorted(data)))
        if is_made(path)
    ]
    return pl.concat([pl.DataFrame(schema=PROMPTS), *frames])
