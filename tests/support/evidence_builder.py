"""Evidence written by hand: few methods, items and matrices, so that results follow on paper."""

from collections.abc import Mapping, Sequence
from dataclasses import fields

import polars as pl

from rankscope.records.keys import KEYS, VERSION_KEYS
from rankscope.records.methods import FULL
from rankscope.report.evidence.evidence import Evidence
from rankscope.report.evidence.gather import ASKED, RUN_COLUMNS, SCHEMAS, Gathered
from rankscope.report.evidence.tables import Tables, build_tables

FAMILY = "LoRA α=2r"
Trace = Mapping[int, float]  # step -> change of every item


def method_name(rank: int | None) -> str:
    return "Full" if rank is None else f"LoRA r={rank}"


class EvidenceBuilder:
    """Collects runs, scores and spectra; `build` returns the evidence."""

    def __init__(self) -> None:
        self._runs = [
            {
                "run": "base",
                "family": "Base",
                "method": "Base",
                "condition": "Base",
                "treatment": "Base",
                "status": "done",
            },
        ]
        self._rows: dict[str, list[dict]] = {
            name: [] for name in ("items", "matrices", "intruders", "vectors")
        }

    def run(
        self,
        rank: int | None,
        seed: int,
        status: str = "done",
        rate: float = 1e-3,
        trained_on: str = "code",
        series: str = "",
        family: str = "",
        **columns: object,
    ) -> str:
        """Add a run; the conditions of a training set other than `code` name it.

        The methods of a study with several families of LoRA are named by the `family` given.
        `columns` are further ones of the table of runs, such as the sizes of a mixture.
        """
        method = f"{family} r={rank}" if family and rank else method_name(rank)
        name = f"{method} {rate:g} {seed} {trained_on} {series}".strip()
        many = any(r["method"] == method and r["learning_rate"] != rate for r in self._runs[1:])
        treatment = method + (f", lr {rate:g}" if many else "")
        label = treatment + ("" if trained_on == "code" else f" on {trained_on}")
        self._runs.append({
            "run": name, "family": FULL if rank is None else family or FAMILY, "method": method,
            "condition": label, "treatment": treatment,
            "trained_on": trained_on, "rank": rank,
            "seed": seed, "status": status, "learning_rate": rate,
            "series": series, **columns,
        })  # fmt: skip
        return name

    def scores(
        self,
        run: str,
        evaluation: str,
        by_step: Mapping[int, Sequence[float]],
        measures: str = "learning",
        higher_is_better: bool = True,
        weights: Sequence[float] | None = None,
        sampling: int | None = None,
        test_kind: str | None = None,
        metric: str = "accuracy",
        tasks: Sequence[str] | None = None,
        categories: Sequence[str] | None = None,
        largest: float | None = 1.0,
    ) -> None:
        for step, scores in by_step.items():
            for number, score in enumerate(scores):
                self._rows["items"].append({
                    "run": run, "step": step, "evaluation": evaluation, "measures": measures,
                    "metric": metric, "higher_is_better": higher_is_better,
                    "spelling": metric.replace("_", " "), "side": False, "largest": largest,
                    "unit": "accuracy", "item": f"item {number}", "score": float(score),
                    "weight": float(weights[number]) if weights else 1.0,
                    "test_kind": test_kind, "test_sampling": sampling,
                    "task": tasks[number] if tasks else None,
                    "category": categories[number] if categories else None,
                })  # fmt: skip

    def matrix(
        self, run: str, step: int, number: int, kind: str = "q_proj", **values: float
    ) -> None:
        defaults = {
            "rows": 128, "columns": 128, "effective_rank": 1.0, "rank90": 1,
             "rank90_of_noise": 0.02, "frobenius_norm": 1.0, "spectral_norm": 1.0,
        }  # fmt: skip
        self._rows["matrices"].append(self._key(run, step, number, kind) | defaults | values)

    def intruders(self, run: str, step: int, counts: Sequence[int]) -> None:
        """Intruders of each matrix, at k = 10 and ε = 0.5; the matrices are added too."""
        for number, count in enumerate(counts):
            self.matrix(run, step, number)
            self.count(run, step, number, "q_proj", count)

    def count(self, run: str, step: int, number: int, kind: str, count: int) -> None:
        """Intruders of one matrix, at k = 10 and ε = 0.5."""
        self._rows["intruders"].append(
            self._key(run, step, number, kind)
            | {"side": "left", "k": 10, "epsilon": 0.5, "intruders": count}
        )

    def vector(
        self,
        run: str,
        step: int,
        number: int,
        sigma: float,
        max_cosine: float,
        kind: str = "q_proj",
    ) -> None:
        self._rows["vectors"].append(
            self._key(run, step, number, kind)
            | {"side": "left", "j": 1, "sigma": sigma, "max_cosine": max_cosine, "base_index": 1}
        )

    @staticmethod
    def _key(run: str, step: int, number: int, kind: str = "q_proj") -> dict:
        return {
            "run": run, "step": step, "matrix": f"{number}.{kind}", "module_type": kind,
            "layer": number,
        }  # fmt: skip

    def build(self) -> Evidence:
        runs = pl.DataFrame(self._runs, schema=VERSION_KEYS | RUN_COLUMNS)
        known = {row["run"]: row for row in self._runs}
        frames = {}
        for name, rows in self._rows.items():
            schema = KEYS | SCHEMAS[name]
            schema |= ASKED if name == "items" else {}
            named = [
                {key: known[row["run"]].get(key) for key in ("family", "method", "rank", "seed")}
                | row
                for row in rows
            ]
            frames[name] = pl.DataFrame(named, schema=schema)
        return Evidence(runs=runs, **frames)


def learning_and_forgetting(
    traces: Mapping[int | None, tuple[Trace, Trace]], seeds: int = 2, items: int = 30
) -> EvidenceBuilder:
    """Every item of a method changes by the same amount: the intervals have no width.

    `traces` maps a rank (None: full) to learned and forgotten by step, on two accuracies.
    """
    builder = EvidenceBuilder()
    for evaluation in ("code", "english"):
        measures = "learning" if evaluation == "code" else "forgetting"
        builder.scores("base", evaluation, {0: [0.0] * items}, measures)
    for rank, (learned, forgotten) in traces.items():
        for seed in range(seeds):
            run = builder.run(rank, seed)
            for evaluation, trace, sign in (("code", learned, 1), ("english", forgotten, -1)):
                measures = "learning" if evaluation == "code" else "forgetting"
                rows = {step: [sign * change] * items for step, change in trace.items()}
                builder.scores(run, evaluation, rows, measures)
    return builder


def tables_of(builder: EvidenceBuilder) -> Tables:
    """The tables of evidence written by hand: without losses and similarities."""
    evidence = builder.build()
    empty = {name: pl.DataFrame(schema=KEYS | SCHEMAS[name]) for name in ("loss", "similarity")}
    frames = {field.name: getattr(evidence, field.name) for field in fields(evidence)}
    return build_tables(Gathered(**frames, **empty, manifests=()))
