"""The tidy tables of a study: what claims, figures and the page are computed from.

Guarantees: equal artefacts give tables equal to the bit. Wall times are no part of that and stand
in a table of their own (`timings`), versions and machine in `provenance.json`. Every run of the
study is a row of `runs`, with its status. Small tables are written as CSV too; the bulk ones
(intruders, items, similarity, vectors) as Parquet only.

A study without spectra has no tables of them. What only one chapter shows is a table of its own.

Summaries (`scores`, `summary`) hold means with 95 % intervals: a bootstrap over items, and what
seeds move the mean by (see `spread`; a single run has no such part).
`gain` is the improvement over the base, positive when better, whatever the metric's direction.
`gain_low` and `gain_high` are its interval; `among_low` and `among_high` the same without what the
choice of items gives to all methods at that step, so that bars of two methods can be compared by
eye.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from rankscope.artefacts.files import replacing_folder
from rankscope.artefacts.reading import exists, read_parquet, verified
from rankscope.errors import ArtefactError
from rankscope.records.keys import KEYS, NOT_TRAINED
from rankscope.records.study import Study
from rankscope.report.evidence.evidence import Condition, Evidence
from rankscope.report.evidence.gather import Gathered, no_rows
from rankscope.report.evidence.resampling import Floats, interval
from rankscope.text.contamination import FOR_A_REPORT, findings

PARQUET_ONLY = frozenset({"intruders", "items", "similarity", "vectors"})
SPECTRAL = ("matrices", "intruders", "vectors", "similarity")

SUMMARY: dict[str, Any] = {
    "condition": pl.String, "trained_on": pl.String, "family": pl.String, "method": pl.String,
    "rank": pl.Int64, "step": pl.Int64, "evaluation": pl.String, "measures": pl.String,
    "metric": pl.String, "unit": pl.String, "side": pl.Boolean, "largest": pl.Float64,
    "seeds": pl.Int64, "items": pl.Int64,
    "mean": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    "gain": pl.Float64, "gain_low": pl.Float64, "gain_high": pl.Float64,
    "among_low": pl.Float64, "among_high": pl.Float64,
}  # fmt: skip


@dataclass(frozen=True)
class Tables:
    """The tables of a study, by name; see the functions below for their columns."""

    runs: pl.DataFrame
    loss: pl.DataFrame
    items: pl.DataFrame
    scores: pl.DataFrame
    summary: pl.DataFrame
    matrices: pl.DataFrame
    intruders: pl.DataFrame
    vectors: pl.DataFrame
    similarity: pl.DataFrame
    timings: pl.DataFrame

    @cached_property
    def evidence(self) -> Evidence:
        """The measured rows, ready for resampling."""
        return Evidence(self.runs, self.items, self.matrices, self.intruders, self.vectors)

    def on_headline_set(self) -> "Tables":
        """Return what figures that compare methods show where a study has several training sets.

        The runs on `Evidence.headline_set` and the base, under labels that do not name the set.
        """
        frames = {name: getattr(self, name) for name in self.__dataclass_fields__}
        frames |= {name: self.of_headline_set(f) for name, f in frames.items() if name != "timings"}
        runs = frames["runs"].with_columns(condition=pl.col("treatment"))
        return Tables(**frames | {"runs": runs})

    def of_headline_set(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of runs or of conditions on the headline set, under its labels."""
        runs = self._on_headline_set
        if "run" in frame.columns:
            return frame.filter(pl.col("run").is_in(runs["run"].to_list()))
        short = dict(runs.select("condition", "treatment").iter_rows())
        kept = frame.filter(pl.col("condition").is_in(list(short)))
        return kept.with_columns(pl.col("condition").replace_strict(short))

    @cached_property
    def _on_headline_set(self) -> pl.DataFrame:
        return self.evidence.on(self.evidence.headline_set).runs


def build_tables(gathered: Gathered) -> Tables:
    """Compute the summaries of what was gathered."""
    evidence = Evidence(
        gathered.runs, gathered.items, gathered.matrices, gathered.intruders, gathered.vectors
    )
    return Tables(
        runs=gathered.runs,
        loss=gathered.loss,
        items=gathered.items,
        scores=_scores(evidence),
        summary=pl.DataFrame(list(_summary(evidence)), schema=SUMMARY, orient="row"),
        matrices=gathered.matrices,
        intruders=gathered.intruders,
        vectors=gathered.vectors,
        similarity=gathered.similarity,
        timings=_timings(gathered.manifests),
    )


def _scores(evidence: Evidence) -> pl.DataFrame:
    """One row per run, step and evaluation: mean and interval over items."""
    about = ["evaluation", "measures", "metric", "unit", "higher_is_better", "side", "largest"]
    rows = evidence.items.group_by([*KEYS, *about], maintain_order=True).agg(items=pl.len())
    found = [
        interval(evidence.run_score(run, evaluation, step))
        for run, evaluation, step in rows.select("run", "evaluation", "step").iter_rows()
    ]
    return rows.with_columns(
        pl.Series("mean", [each.value for each in found], pl.Float64),
        pl.Series("low", [each.low for each in found], pl.Float64),
        pl.Series("high", [each.high for each in found], pl.Float64),
    )


def _summary(evidence: Evidence) -> Iterator[tuple[Any, ...]]:
    """One row per condition, evaluation and step: base, what others trained, runs."""
    for evaluation in evidence.evaluations:
        gains = {
            (condition, step): evidence.gain(condition, evaluation.name, step)
            for condition in (evidence.base, *evidence.published, *evidence.conditions)
            for step in evidence.steps(condition, evaluation.name)
        }
        shared = _shared(
            {
                (condition, step): evidence.gain_by_items(condition, evaluation.name, step)
                for condition, step in gains
            }
        )
        for (condition, step), gain in gains.items():
            mean = interval(evidence.score(condition, evaluation.name, step))
            among = interval(gain - shared.get((condition.trained_on, step), 0.0))
            against_base = interval(gain)
            yield (
                condition.label, condition.trained_on, condition.family, condition.method,
                condition.rank, step, evaluation.name, evaluation.measures, evaluation.metric,
                evaluation.unit, evaluation.side, evaluation.largest,
                len(evidence.scored(condition, evaluation.name).runs), evaluation.items,
                mean.value, mean.low, mean.high,
                against_base.value, against_base.low, against_base.high,
                among.low, among.high,
            )  # fmt: skip


def _shared(gains: dict[tuple[Condition, int], Floats]) -> dict[tuple[str, int], Floats]:
    """Draws of what all methods on a training set gained at a step, as deviation from their mean.

    Which items were drawn moves all methods alike; without this part, intervals compare methods.
    Nothing is taken out where there is only one method.
    """
    alike: dict[tuple[str, int], list[Floats]] = {}
    for (condition, step), gain in gains.items():
        if condition.family not in NOT_TRAINED:
            alike.setdefault((condition.trained_on, step), []).append(gain)
    means = {key: np.mean(found, axis=0) for key, found in alike.items() if len(found) > 1}
    return {key: np.asarray(mean - mean[0]) for key, mean in means.items()}


def _timings(manifests: tuple[dict[str, Any], ...]) -> pl.DataFrame:
    """One row per artefact: seconds of process start-up and of work."""
    schema = {
        "stage": pl.String, "name": pl.String, "artefact": pl.String, "status": pl.String,
        "started": pl.String, "startup_seconds": pl.Float64, "work_seconds": pl.Float64,
        "threads": pl.String,
    }  # fmt: skip
    return pl.DataFrame([{key: each.get(key) for key in schema} for each in manifests], schema)


def provenance(study: Study, gathered: Gathered) -> dict[str, Any]:
    """Versions, Python and machine of every manifest, usually one of each; the study, and what it
    measures and also trains on.
    """

    def distinct(key: str) -> list[Any]:
        seen = {
            json.dumps(each.get(key), sort_keys=True): each.get(key) for each in gathered.manifests
        }
        return [seen[text] for text in sorted(seen) if seen[text] is not None]

    packages: dict[str, set[str]] = {}
    for each in gathered.manifests:
        for package, version in each.get("packages", {}).items():
            packages.setdefault(package, set()).add(version)
    return {
        "study": study.canonical(),
        "overlaps": [finding.text for finding in findings(study, FOR_A_REPORT)],
        "python": distinct("python"),
        "machine": distinct("machine"),
        "packages": {package: sorted(packages[package]) for package in sorted(packages)},
    }


def write_tables(tables: Tables, about: dict[str, Any], folder: Path) -> None:
    """Write all tables and `provenance.json` to `folder`, whole or not at all.

    Without the spectral ones where the study, as `about` has it, does not ask for spectra.
    """
    left_out = () if about["study"]["spectra"] else SPECTRAL
    with replacing_folder(folder) as temporary:
        for name in tables.__dataclass_fields__:
            if name in left_out:
                continue
            frame: pl.DataFrame = getattr(tables, name)
            frame.write_parquet(temporary / f"{name}.parquet")
            if name not in PARQUET_ONLY:
                frame.write_csv(temporary / f"{name}.csv")
        text = json.dumps(about, indent=2, ensure_ascii=False)
        (temporary / "provenance.json").write_text(text + "\n", "utf-8")


def read_tables(folder: Path) -> Tables:
    """Read what `write_tables` wrote; tables of spectra that a study did not ask for are empty.

    Raises:
        ArtefactError: the tables were not built, or have changed since.
    """
    if not exists(folder):
        raise ArtefactError(f"{folder}: there are no tables; run `rankscope report tables` first")
    verified(folder)
    return Tables(**{name: _read(folder, name) for name in Tables.__dataclass_fields__})


def _read(folder: Path, name: str) -> pl.DataFrame:
    path = folder / f"{name}.parquet"
    if name in SPECTRAL and not exists(path):
        return no_rows(name)
    return read_parquet(path)
