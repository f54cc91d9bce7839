"""What claims about task diversity are about: methods × mixtures of tasks, repeated on samplings.

Guarantees: one condition per method and training set, each after its own last scored step, since
sizes of mixtures differ. Where a study tried several, the one that did best on seen tasks is taken,
and the note says so. Differences are paired by sampling: of the conditions compared, only the
samplings that all of them finished count, see `spread.sampling_deviations`. Scores are in points:
per cent of the metric, as the paper has them. Each learning-rate series is judged by itself.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from rankscope.records.methods import FULL
from rankscope.report.chapters.mixtures.comparison import (
    Comparison,
    mean_and_moved,
    nothing_in_common,
    rounded,
)
from rankscope.report.chapters.mixtures.paper import METRICS
from rankscope.report.evidence.evidence import Condition, Evaluation, Evidence, TestKind
from rankscope.report.evidence.resampling import (
    Floats,
    unit_counts,
)
from rankscope.report.evidence.spread import Cell, sampling_deviations
from rankscope.report.verdicts.subject import repeated
from rankscope.report.verdicts.verdict import (
    MINIMUM_SEEDS,
    Sample,
)

POINTS = 100.0


@dataclass(frozen=True)
class MixtureSet:
    """A training set of `tasks` tasks and `examples` examples, in all its samplings."""

    label: str
    tasks: int
    examples: int

    @property
    def examples_per_task(self) -> float:
        """Examples of each task."""
        return self.examples / self.tasks


@dataclass(frozen=True)
class Mixtures:
    """The evidence on the mixtures of a study, in one of its series (`series` may be empty).

    With a `family` it is that of full fine-tuning and this family of LoRA alone.
    """

    evidence: Evidence
    series: str
    family: str = ""

    @classmethod
    def of(cls, evidence: Evidence) -> "tuple[Mixtures, ...]":
        """One per series that has runs on mixtures; none where a study trains on no mixture."""
        found = (cls(evidence, label) for label in evidence.series)
        return tuple(each for each in found if each.sets)

    @cached_property
    def families(self) -> "tuple[Mixtures, ...]":
        """The same for each family of LoRA by itself, within which ranks are compared."""
        names = self._names_of_families
        return tuple(replace(self, family=name) for name in names) if names[1:] else (self,)

    @property
    def lora_family(self) -> str:
        """The family of LoRA that this is about: `family`, or the only one; empty of several."""
        names = self._names_of_families
        return names[0] if len(names) == 1 else ""

    @cached_property
    def _names_of_families(self) -> tuple[str, ...]:
        found = (each.family for on in self.sets for each in self.planned(on) if each.is_lora)
        return tuple(dict.fromkeys(found))

    @cached_property
    def sets(self) -> tuple[MixtureSet, ...]:
        """All mixtures whose sizes are known, by number of tasks."""
        rows = self.evidence.runs.filter(
            pl.col("series").fill_null("").is_in(["", self.series]),
            pl.col("mixture").is_not_null(),
            pl.col("tasks").is_not_null(),
        )
        unique = rows.select("trained_on", "tasks", "examples").unique(maintain_order=True)
        found = [MixtureSet(*row) for row in unique.iter_rows()]
        return tuple(sorted(found, key=lambda each: each.tasks))

    @cached_property
    def scaled(self) -> tuple[MixtureSet, ...]:
        """The mixtures that differ in tasks at one number of examples per task: T100 … Tall.

        Where no two do, the one of most tasks alone.
        """
        longest = max(self._alike(lambda each: each.examples_per_task), key=len)
        return longest if len(longest) > 1 else self.sets[-1:]

    @property
    def shown(self) -> tuple[MixtureSet, ...]:
        """The mixtures that tables show side by side: `scaled`, or all where no two are."""
        return self.scaled if len(self.scaled) > 1 else self.sets

    @cached_property
    def of_fixed_total(self) -> tuple[tuple[MixtureSet, ...], ...]:
        """Groups of mixtures that differ in tasks at one number of examples: T*100, T250, T*500."""
        return tuple(g for g in self._alike(lambda each: each.examples) if len(g) > 1)

    def _alike(self, key: Callable[[MixtureSet], float]) -> list[tuple[MixtureSet, ...]]:
        """The sets with one key each, without two of the same number of tasks."""
        counts = Counter(map(key, self.sets))
        groups = [{s.tasks: s for s in self.sets if key(s) == value} for value in counts]
        return [tuple(group.values()) for group in groups]

    @property
    def largest(self) -> MixtureSet:
        """The most tasks at the usual number of examples per task: Tall."""
        return self.scaled[-1]

    def tests(self, *kinds: TestKind) -> tuple[Evaluation, ...]:
        """Exact match and ROUGE-L on each kind of test set, as far as measured."""
        found = (self.evidence.on_tests(kind, metric) for kind in kinds for metric in METRICS)
        return tuple(each for each in found if each is not None)

    def planned(self, on: MixtureSet) -> tuple[Condition, ...]:
        """All conditions of the study on a training set, in this series or in all."""
        return tuple(
            each
            for each in self.evidence.conditions
            if each.trained_on == on.label
            and each.series in ("", self.series)
            and (not self.family or each.family in (FULL, self.family))
        )

    @cached_property
    def _chosen(self) -> dict[str, tuple[Condition, ...]]:
        found: dict[str, dict[str, Condition]] = {each.label: {} for each in self.sets}
        for on in self.sets:
            chosen = found[on.label]
            for condition in self.planned(on):
                best = chosen.get(condition.method)
                if best is None or self._learned(condition) > self._learned(best):
                    chosen[condition.method] = condition
        return {label: tuple(chosen.values()) for label, chosen in found.items()}

    def chosen(self, on: MixtureSet) -> tuple[Condition, ...]:
        """One condition per planned method, of several recipes the best; maybe with no run."""
        return self._chosen[on.label]

    def _learned(self, condition: Condition) -> tuple[bool, float]:
        """How good a recipe is: whether it can be judged, then its score on seen tasks."""
        for test in self.tests("intra", "inter"):
            scored = self.evidence.scored(condition, test.name).runs
            if scored:
                points = float(np.mean([self._points(run, test.name)[0] for run in scored]))
                return len(scored) >= MINIMUM_SEEDS, points
        return False, float("-inf")

    def conditions(self, on: MixtureSet, test: Evaluation) -> tuple[Condition, ...]:
        """The methods scored on `test`, full fine-tuning first, then by rank.

        A method with a single finished run is left out where others have more.
        """
        found = (self.evidence.scored(each, test.name) for each in self.chosen(on))
        return repeated(tuple(each for each in found if each.runs))

    def left_out(self, on: MixtureSet, test: Evaluation) -> tuple[Condition, ...]:
        """The planned methods that `conditions` lacks, with the runs that were scored."""
        kept = {each.method for each in self.conditions(on, test)}
        found = (self.evidence.scored(each, test.name) for each in self.chosen(on))
        return tuple(each for each in found if each.method not in kept)

    def not_judged(self, test: Evaluation, *sets: MixtureSet) -> str:
        """The end of a note: which methods some of the sets lack, and why; maybe empty."""
        names = self._names_left_out(test, sets)
        return f"; not judged: {names}" if names else ""

    def lacking(self, need: str, test: Evaluation, *sets: MixtureSet) -> str:
        """Why the sets do not have what a comparison needs: it did not finish, or no one asked."""
        names = self._names_left_out(test, sets)
        return f"too few samplings finished: {names}" if names else need

    def _names_left_out(self, test: Evaluation, sets: Sequence[MixtureSet]) -> str:
        reasons: dict[str, list[str]] = {}
        planned = [{each.method for each in self.chosen(on)} for on in sets]
        for on, here in zip(sets, planned, strict=True):
            where = f" on {on.label}" if len(sets) > 1 else ""
            for each in self.left_out(on, test):
                finished = f"{len(each.runs)} of {each.planned} samplings{where}"
                reasons.setdefault(each.method, []).append(finished)
            for method in set().union(*planned) - here:
                reasons.setdefault(method, []).append(f"not planned{where}")
        ordered = sorted(reasons, key=lambda method: self._order[method])
        return ", ".join(f"{method} ({', '.join(reasons[method])})" for method in ordered)

    @cached_property
    def _order(self) -> dict[str, int]:
        methods = dict.fromkeys(each.method for each in self.evidence.conditions)
        return {method: place for place, method in enumerate(methods)}

    def full(self, on: MixtureSet, test: Evaluation) -> Condition | None:
        """Full fine-tuning, if the training set has it."""
        return next((each for each in self.conditions(on, test) if not each.is_lora), None)

    def loras(self, on: MixtureSet, test: Evaluation) -> tuple[Condition, ...]:
        """LoRA by rank."""
        return tuple(each for each in self.conditions(on, test) if each.is_lora)

    def lora(self, on: MixtureSet, test: Evaluation, rank: int) -> Condition | None:
        """LoRA of one rank."""
        return next((each for each in self.loras(on, test) if each.rank == rank), None)

    def highest_rank(self, sets: Sequence[MixtureSet], test: Evaluation) -> int | None:
        """The largest rank that was trained on all the sets."""
        ranks = [{each.rank for each in self.loras(on, test) if each.rank} for on in sets]
        return max(set.intersection(*ranks), default=None)

    def last_step(self, run: str, evaluation: str) -> int:
        """The last step of a run that was scored."""
        return max(self.evidence.scored_steps(run, evaluation))

    @cached_property
    def _drawn(self) -> dict[tuple[str, str], Floats]:
        return {}

    def _points(self, run: str, evaluation: str) -> Floats:
        """Draws of a run's score over the items, in points."""
        key = (run, evaluation)
        if key not in self._drawn:
            step = self.last_step(run, evaluation)
            self._drawn[key] = POINTS * self.evidence.run_score(run, evaluation, step)
        return self._drawn[key]

    def seeds(self, evaluation: str, *conditions: Condition) -> tuple[int, ...]:
        """The samplings on which all of the conditions were scored."""
        each = [set(self._runs(condition, evaluation)) for condition in conditions]
        return tuple(sorted(set.intersection(*each)))

    def _runs(self, condition: Condition, evaluation: str) -> dict[int, str]:
        return {self._seed_of[r]: r for r in self.evidence.scored(condition, evaluation).runs}

    @cached_property
    def _seed_of(self) -> dict[str, int]:
        return dict(self.evidence.runs.select("run", "seed").iter_rows())

    def runs(self, evaluation: str, *conditions: Condition) -> list[list[str]]:
        """Runs of each condition on the common samplings, in the same order."""
        seeds = self.seeds(evaluation, *conditions)
        by_seed = [self._runs(condition, evaluation) for condition in conditions]
        return [[runs[seed] for seed in seeds] for runs in by_seed]

    def compare(self, test: Evaluation, *conditions: Condition) -> Comparison:
        """Scores of the conditions on their common samplings, with items resampled."""
        runs = self.runs(test.name, *conditions)
        if not runs[0]:
            return nothing_in_common(len(conditions))
        drawn = {run: self._points(run, test.name) for of in runs for run in of}
        moved = self._moved(test, conditions, lambda run: self._points(run, test.name))
        draws = mean_and_moved(drawn, runs, moved)
        items = {self._items(run, test.name) for run in runs[0]}
        sample = Sample(len(runs[0]), min(items, default=0), "items")
        return Comparison(rounded(draws), sample, self._note(len(runs[0]), conditions))

    def _items(self, run: str, evaluation: str) -> int:
        step = self.last_step(run, evaluation)
        return len(self.evidence.scored_items(run, evaluation, step))

    def compare_by_task(self, test: Evaluation, *conditions: Condition) -> Comparison:
        """Means over tasks of the mean over a task's items, with tasks resampled.

        Items of one task go wrong together. Tasks are drawn jointly for all metrics on a test set,
        which all samplings must share; scores are in the unit of the metric.
        """
        runs = self.runs(test.name, *conditions)
        if not runs[0]:
            return nothing_in_common(len(conditions))
        compared = [run for of in runs for run in of]
        pooled = self._pool(test, conditions, self.seeds(test.name, *conditions))
        rows = self.task_scores(
            test.name, *compared, *(run for of in pooled.values() for run in of)
        )
        parts = rows.partition_by("run", as_dict=True)
        means = {str(run): each["score"].to_numpy() for (run,), each in parts.items()}
        tasks = max((len(values) for values in means.values()), default=0)
        counts = unit_counts(tasks, f"tasks of {test.asked}")
        drawn = {run: counts @ means[run] / tasks for run in compared}
        moved = self._moved(test, conditions, lambda run: counts @ means[run] / tasks)
        draws = mean_and_moved(drawn, runs, moved)
        sample = Sample(len(runs[0]), tasks, "tasks")
        return Comparison(rounded(draws), sample, self._note(len(runs[0]), conditions))

    def _moved(
        self, test: Evaluation, conditions: Sequence[Condition], drawn: Callable[[str], Floats]
    ) -> list[Floats]:
        """Draws of what the mean of each condition over their common samplings may deviate by.

        `drawn` gives the draws of what a run scored, with items or tasks resampled.
        """
        pooled = self._pool(test, conditions, self.seeds(test.name, *conditions))
        by_units = {
            cell: np.column_stack([drawn(run) for run in of]) for cell, of in pooled.items()
        }
        values = {cell: draws[0] for cell, draws in by_units.items()}
        wanted = [(each.trained_on, each.label) for each in conditions]
        return sampling_deviations(values, wanted, by_units)

    def _pool(
        self, test: Evaluation, conditions: Sequence[Condition], seeds: Sequence[int]
    ) -> dict[Cell, list[str]]:
        """Runs on the samplings `seeds`, of all methods on all mixtures that finished these.

        They tell how much samplings move a method. The conditions compared are among them.
        """
        everyone = (each for on in self.sets for each in self.conditions(on, test))
        found: dict[Cell, list[str]] = {}
        for each in (*conditions, *everyone):
            runs = self._runs(each, test.name)
            if all(seed in runs for seed in seeds):
                found[each.trained_on, each.label] = [runs[seed] for seed in seeds]
        return found

    def task_scores(self, evaluation: str, *runs: str) -> pl.DataFrame:
        """Mean score of each task after the last step of each run: run, task, category, score."""
        last = pl.DataFrame(
            [(run, self.last_step(run, evaluation)) for run in dict.fromkeys(runs)],
            schema={"run": pl.String, "step": pl.Int64}, orient="row",
        )  # fmt: skip
        return (
            self.evidence.items.filter(pl.col("evaluation") == evaluation)
            .join(last, on=["run", "step"], how="semi")
            .group_by("run", "task")
            .agg(pl.col("category").first(), pl.col("score").mean())
            .sort("run", "task")
        )

    def scope(self, *parts: str) -> str:
        """Where a verdict holds; begins with series and family where the study has several."""
        series = f"series {self.series}" if self.series else ""
        return " · ".join(filter(None, [series, self.family, *parts]))

    def _note(self, samplings: int, conditions: Sequence[Condition]) -> str:
        """What rank and size are confounded with: learning rates, choice, lost samplings."""
        by_rate: dict[float | None, list[str]] = {}
        for each in conditions:
            by_rate.setdefault(each.learning_rate, []).append(each.method)
        rates = "; ".join(
            f"{', '.join(dict.fromkeys(methods))} {rate:g}" for rate, methods in by_rate.items()
        )
        tried = max(self._tried(each) for each in conditions)
        notes = [f"learning rates: {rates}"]
        notes += [f"best of up to {tried} recipes, chosen on these test sets"] if tried > 1 else []
        planned = max(each.planned for each in conditions)
        notes += [f"{samplings} of {planned} samplings are complete"] if samplings < planned else []
        return "; ".join(notes)

    def _tried(self, condition: Condition) -> int:
        key = (condition.method, condition.trained_on)
        return sum(
            (each.method, each.trained_on) == key for on in self.sets for each in self.planned(on)
        )
