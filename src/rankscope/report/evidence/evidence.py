"""Draw arrays of what was measured, by condition: what summaries, claims and figures compute from.

Guarantees: averages are over the seeds of a condition whose runs are done and measured; a diverged,
missing or out-of-memory run is left out of averages here and shown by name elsewhere. Scores of all
conditions and the base are paired by item, spectral measures by matrix. Where every sampling has a
test set of its own, runs are compared with the base on that of their sampling.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl

from rankscope.errors import ArtefactError
from rankscope.records.keys import BASE, NOT_TRAINED, PUBLISHED
from rankscope.records.methods import FULL
from rankscope.report.evidence.conditions import families_of
from rankscope.report.evidence.resampling import DRAWS, Floats, mean_draws
from rankscope.report.evidence.spread import Repeated, seed_deviations

TestKind = Literal["intra", "inter"]


@dataclass(frozen=True)
class Condition:
    """A method with its recipe; `runs` are the done ones, by seed, of `planned` many.

    `family` is what the method is whatever its rank, as its record says.
    `treatment` is its label among the conditions on the same training set; `series` is the study's
    word for some of its runs (such as `paper` and `tuned`), empty where they belong to all.
    """

    label: str
    method: str
    rank: int | None
    learning_rate: float | None
    runs: tuple[str, ...]
    planned: int
    family: str
    treatment: str = ""
    trained_on: str = ""
    series: str = ""

    @property
    def is_lora(self) -> bool:
        """Whether the condition trains adapters."""
        return self.family not in (*NOT_TRAINED, FULL)


@dataclass(frozen=True)
class Evaluation:
    """What was scored, in which direction and unit.

    `asked` is its name in the study, which an evaluation by several metrics shares among them;
    `test_kind` says whether its tasks were trained on (`intra`), not (`inter`), or neither applies.
    A `side` metric says how answers fail, not how good they are. No score is above `largest`, where
    that is given, or below 0.
    """

    name: str
    measures: str
    metric: str
    unit: str
    higher_is_better: bool
    items: int
    asked: str = ""
    test_kind: TestKind | None = None
    side: bool = False
    largest: float | None = None


Item = tuple[int | None, str]  # the sampling whose test set it is of, and its name


@dataclass(frozen=True)
class _Scores:
    """Scores of one run at one step, sorted by sampling and item.

    An item of a test set that differs between samplings is one of its sampling; else of none.
    """

    items: tuple[Item, ...]
    score: Floats
    weight: Floats


@dataclass(frozen=True)
class Evidence:
    """The measured rows of a study."""

    runs: pl.DataFrame
    items: pl.DataFrame
    matrices: pl.DataFrame
    intruders: pl.DataFrame
    vectors: pl.DataFrame

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Trained conditions: full fine-tuning first, then family by family, by rank."""
        trained = self.runs.filter(~pl.col("family").is_in(NOT_TRAINED))
        found = []
        for (label,), rows in trained.group_by("condition", maintain_order=True):
            first = rows.row(0, named=True)
            done = rows.filter(pl.col("status") == "done").sort("seed")
            found.append(
                Condition(
                    label=str(label),
                    family=first["family"],
                    method=first["method"],
                    rank=first["rank"],
                    learning_rate=first["learning_rate"],
                    runs=tuple(done["run"]),
                    planned=len(rows),
                    treatment=first["treatment"],
                    trained_on=first["trained_on"],
                    series=first["series"] or "",
                )
            )
        place = families_of(trained).index
        return tuple(
            sorted(found, key=lambda c: (place(c.family), c.rank or 0, c.learning_rate or 0.0))
        )

    @cached_property
    def _seeds(self) -> dict[str, int]:
        # what was not trained here has none, and what is of one run alone needs none
        return dict(self.runs.select("run", pl.col("seed").fill_null(0)).iter_rows())

    def seeds(self, runs: Sequence[str]) -> tuple[int, ...]:
        """The seeds of runs; 0 of what was not trained here."""
        return tuple(self._seeds[run] for run in runs)

    @cached_property
    def headline_set(self) -> str:
        """The training set that comparisons of methods are about where a study has several.

        The last of those that most conditions were trained on: a study lists the largest last.
        """
        counts = Counter(condition.trained_on for condition in self.conditions)
        sets = self.runs["trained_on"].drop_nulls().unique(maintain_order=True)
        return max(reversed(sets.to_list()), key=lambda each: counts[each], default="")

    def on(self, trained_on: str) -> "Evidence":
        """The evidence on the runs of one training set, and the base: no rows of other runs."""
        kept = (pl.col("trained_on") == trained_on) | (pl.col("family") == BASE)
        runs = self.runs.filter(kept)
        of_them = pl.col("run").is_in(runs["run"].to_list())
        return Evidence(
            runs=runs,
            items=self.items.filter(of_them),
            matrices=self.matrices.filter(of_them),
            intruders=self.intruders.filter(of_them),
            vectors=self.vectors.filter(of_them),
        )

    @cached_property
    def series(self) -> tuple[str, ...]:
        """The labels of the study's series; one empty label where it names none."""
        named = self.runs["series"].drop_nulls().unique(maintain_order=True).to_list()
        return tuple(label for label in named if label) or ("",)

    @cached_property
    def base(self) -> Condition:
        """The base, as a condition of one run."""
        run = self.runs.filter(pl.col("family") == BASE)["run"][0]
        return Condition(BASE, BASE, None, None, (run,), 1, family=BASE)

    @cached_property
    def published(self) -> tuple[Condition, ...]:
        """What others trained, in the order of the study; of one run each, and of no claim."""
        rows = self.runs.filter(pl.col("family") == PUBLISHED).iter_rows(named=True)
        return tuple(
            Condition(
                label=row["condition"],
                method=row["method"],
                rank=None,
                learning_rate=None,
                runs=(row["run"],) if row["status"] == "done" else (),
                planned=1,
                family=PUBLISHED,
            )
            for row in rows
        )

    @cached_property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """Evaluations in the order of the study, those of learning first."""
        columns = [
            "evaluation", "measures", "metric", "unit", "higher_is_better", "asked", "test_kind",
            "side", "largest",
        ]  # fmt: skip
        rows = self.items.group_by(columns, maintain_order=True).agg(
            items=pl.struct("test_sampling", "item").n_unique()
        )
        found = [
            Evaluation(name=row.pop("evaluation"), **row) for row in rows.iter_rows(named=True)
        ]
        return tuple(sorted(found, key=lambda evaluation: evaluation.measures != "learning"))

    def evaluation(self, name: str) -> Evaluation:
        """Return the evaluation called `name`."""
        return next(each for each in self.evaluations if each.name == name)

    def on_tests(self, kind: TestKind, metric: str) -> Evaluation | None:
        """Return the evaluation by `metric` of the first test set of seen or of unseen tasks."""
        found = (e for e in self.evaluations if (e.test_kind, e.metric) == (kind, metric))
        return next(found, None)

    @cached_property
    def _scores(self) -> dict[tuple[str, str, int], _Scores]:
        keys = ["run", "evaluation", "step"]
        rows = self.items.sort("test_sampling", "item")
        parts = rows.partition_by(keys, as_dict=True, include_key=False)
        return {
            (str(run), str(evaluation), int(step)): _Scores(
                tuple(rows.select("test_sampling", "item").iter_rows()),
                rows["score"].to_numpy(),
                rows["weight"].to_numpy(),
            )
            for (run, evaluation, step), rows in parts.items()
        }

    @cached_property
    def _scored_steps(self) -> dict[tuple[str, str], set[int]]:
        found: dict[tuple[str, str], set[int]] = {}
        for run, evaluation, step in self._scores:
            found.setdefault((run, evaluation), set()).add(step)
        return found

    def scored(self, condition: Condition, evaluation: str) -> Condition:
        """The condition with those of its done runs that were scored."""
        runs = tuple(run for run in condition.runs if (run, evaluation) in self._scored_steps)
        return replace(condition, runs=runs)

    def steps(self, condition: Condition, evaluation: str) -> tuple[int, ...]:
        """Steps at which all scored runs of the condition were scored."""
        runs = self.scored(condition, evaluation).runs
        scored = [self._scored_steps[run, evaluation] for run in runs]
        return tuple(sorted(set.intersection(*scored))) if scored else ()

    def scored_steps(self, run: str, evaluation: str) -> tuple[int, ...]:
        """Steps at which a run was scored."""
        return tuple(sorted(self._scored_steps.get((run, evaluation), ())))

    def scored_items(self, run: str, evaluation: str, step: int) -> tuple[Item, ...]:
        """The items on which a run was scored."""
        return self._scores[run, evaluation, step].items

    def run_score(self, run: str, evaluation: str, step: int) -> Floats:
        """Draws of one run's score (over items only)."""
        return self._mean(self._of(run, evaluation, step), evaluation)

    def score(self, condition: Condition, evaluation: str, step: int) -> Floats:
        """Draws of a condition's mean score, in the unit of the evaluation."""
        runs = self.scored(condition, evaluation).runs
        mean = np.mean([self.run_score(run, evaluation, step) for run in runs], axis=0)
        return np.asarray(mean + self._moved_by_seeds(condition, evaluation, step))

    def gain(self, condition: Condition, evaluation: str, step: int) -> Floats:
        """Draws of the improvement over the base: positive is better, whatever the metric.

        Each run is compared with the base on its own items, which differ between samplings.
        """
        moved = self._sign(evaluation) * self._moved_by_seeds(condition, evaluation, step)
        return self.gain_by_items(condition, evaluation, step) + moved

    def gain_by_items(self, condition: Condition, evaluation: str, step: int) -> Floats:
        """The part of the draws of `gain` that the choice of items makes, common to all methods."""
        runs = self.scored(condition, evaluation).runs
        gains = [self._over_base(run, evaluation, step) for run in runs]
        return np.asarray(self._sign(evaluation) * np.mean(gains, axis=0) + 0.0)  # no -0.0

    def _sign(self, evaluation: str) -> float:
        return 1.0 if self.evaluation(evaluation).higher_is_better else -1.0

    def _over_base(self, run: str, evaluation: str, step: int) -> Floats:
        """Draws of a run's score less the base's on the same items."""
        tuned = self._of(run, evaluation, step)
        base = self._mean(self._of_base(run, tuned, evaluation), evaluation)
        return self._mean(tuned, evaluation) - base

    def _moved_by_seeds(self, condition: Condition, evaluation: str, step: int) -> Floats:
        """Draws of what the mean over seeds may deviate by; the same for scores and for gains."""
        if condition.family in NOT_TRAINED:
            return np.zeros(DRAWS + 1)
        pool = self._pool(condition, evaluation, step)
        own = self._repeated(condition, evaluation, step)
        return seed_deviations(own, [own, *pool])[:, 0]

    def _pool(self, condition: Condition, evaluation: str, step: int) -> list[Repeated]:
        """The other methods on the same training set that were scored at the step, one recipe each.

        Of several recipes of a method it is the one of median spread: a sweep reaches to learning
        rates at which runs hardly agree, and these say nothing of the others.
        """
        by_method: dict[str, list[Repeated]] = {}
        for each in self.conditions:
            alike = each.trained_on == condition.trained_on and each.method != condition.method
            if alike and step in self.steps(each, evaluation):
                found = self._repeated(each, evaluation, step)
                by_method.setdefault(each.method, []).append(found)
        return [_of_median_spread(recipes) for recipes in by_method.values()]

    @cached_property
    def _repetitions(self) -> dict[tuple[str, str, int], Repeated]:
        return {}

    def _repeated(self, condition: Condition, evaluation: str, step: int) -> Repeated:
        """What the runs of a condition gained; against the base, since items may differ."""
        runs = self.scored(condition, evaluation).runs
        key = (" ".join(runs), evaluation, step)
        if key not in self._repetitions:
            values = [[self._over_base(run, evaluation, step)[0]] for run in runs]
            self._repetitions[key] = Repeated(condition.label, self.seeds(runs), np.array(values))
        return self._repetitions[key]

    def _of(self, run: str, evaluation: str, step: int) -> _Scores:
        """The scores of a run, all of whose items the base was scored on too."""
        found = self._scores[run, evaluation, step]
        self._of_base(run, found, evaluation)
        return found

    def _of_base(self, run: str, tuned: _Scores, evaluation: str) -> _Scores:
        """The base's scores on the items of `run`.

        Raises:
            ArtefactError: it was scored on other items, or not at all.
        """
        reference = self._scores.get((self.base.runs[0], evaluation, 0))
        if reference is None:
            raise ArtefactError(
                f"the base was not scored on {evaluation!r}, so that nothing can be compared with"
                f" it: run `rankscope evaluate predict {self.base.runs[0]}` and `… score …`"
            )
        if tuned.items == reference.items:
            return reference
        places = {item: place for place, item in enumerate(reference.items)}
        sampling, _ = tuned.items[0]
        own = {item for item in places if item[0] == sampling}
        if sampling is None or set(tuned.items) != own:
            raise ArtefactError(
                f"{run} was scored on other items of {evaluation!r} than the base: evaluate"
                " both again with the same suite"
            )
        taken = [places[item] for item in tuned.items]
        return _Scores(tuned.items, reference.score[taken], reference.weight[taken])

    def _mean(self, scores: _Scores, evaluation: str) -> Floats:
        """Draws of the weighted mean over items; equal sets of items are resampled jointly."""
        reference = self._scores[self.base.runs[0], evaluation, 0].items
        sampling, first = scores.items[0]
        own = f"{evaluation} of s{sampling}: {first}"
        units = evaluation if scores.items == reference else own
        return mean_draws(scores.score, scores.weight, units)

    @cached_property
    def _analysed(self) -> frozenset[str]:
        return frozenset(self.matrices["run"])

    def analysed(self, condition: Condition) -> Condition:
        """The condition with those of its done runs whose weights were analysed."""
        runs = tuple(run for run in condition.runs if run in self._analysed)
        return replace(condition, runs=runs)

    def spectral_steps(self, condition: Condition) -> tuple[int, ...]:
        """Steps at which the weights of all analysed runs of the condition were analysed."""
        runs = self.analysed(condition).runs
        rows = self.matrices.filter(pl.col("run").is_in(runs))
        counts = rows.group_by("step").agg(pl.col("run").n_unique()).sort("step")
        return tuple(counts.filter(pl.col("run") == len(runs))["step"])


def _of_median_spread(recipes: list[Repeated]) -> Repeated:
    ordered = sorted(recipes, key=lambda each: float((each.residuals**2).sum()))
    return ordered[(len(ordered) - 1) // 2]
