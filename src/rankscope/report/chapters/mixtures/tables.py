"""Tables about mixtures of tasks: scores by rank and training set, and by category of task.

Guarantees: one row per series, training set, test and condition of the study; what no run finished
has no score. Studies without mixtures have empty tables. Scores are in points (per cent), as
*Beyond Full Fine-tuning* prints them, with 95 % intervals over samplings and items (see
`spread.sampling_deviations`), cut to what a score can be; a single sampling has none, since the
spread between samplings is then unknown. Differences are to the best recipe of full fine-tuning,
over the samplings that both finished (`over_full_seeds`). `best` marks the recipe that stands for
its method where only one can (see `Mixtures.chosen`), `shown` the mixtures of Tables 1 and 2.
`empty` and `copies_input` are the per cent of answers on the test that are none, by their form.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from rankscope.report.chapters.mixtures.category import categories_of
from rankscope.report.chapters.mixtures.subject import POINTS, Mixtures, MixtureSet
from rankscope.report.evidence.evidence import Condition, Evaluation, Evidence
from rankscope.report.evidence.resampling import Floats, Interval, interval
from rankscope.report.verdicts.verdict import MINIMUM_SEEDS

UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))

CONDITION: dict[str, Any] = {
    "condition": pl.String, "label": pl.String, "family": pl.String, "method": pl.String,
    "rank": pl.Int64,
    "learning_rate": pl.Float64, "best": pl.Boolean, "seeds": pl.Int64, "planned": pl.Int64,
}  # fmt: skip
INTERVAL: dict[str, Any] = {"mean": pl.Float64, "low": pl.Float64, "high": pl.Float64}
MIXTURE_SCORES: dict[str, Any] = {
    "series": pl.String, "trained_on": pl.String, "mixture": pl.String, "tasks": pl.Int64,
    "examples": pl.Int64, "collection": pl.String, "shown": pl.Boolean,
    "of_fixed_total": pl.Boolean,
    "trainable_percent": pl.Float64, "test_kind": pl.String, "metric": pl.String,
    **CONDITION, "items": pl.Int64, **INTERVAL,
    "over_full": pl.Float64, "over_full_low": pl.Float64, "over_full_high": pl.Float64,
    "over_full_seeds": pl.Int64, "leads": pl.Boolean,
    "empty": pl.Float64, "copies_input": pl.Float64,
}  # fmt: skip
CATEGORY_SCORES: dict[str, Any] = {
    "series": pl.String, "trained_on": pl.String, "category": pl.String, "metric": pl.String,
    **CONDITION, "tasks": pl.Int64, "items": pl.Int64, **INTERVAL,
}  # fmt: skip
OF_RUN = ("mixture", "collection", "trainable_percent")
NO_ANSWERS = ("empty", "copies_input")
OF_CATEGORIES = ("exact_match", "out_of_options")


def within(found: Interval, least: float, most: float) -> Interval:
    """Cut an interval to the values that are possible: it holds the truth as often."""
    low, high = max(found.low, least), min(found.high, most)
    return Interval(found.value, low, high)


@dataclass(frozen=True)
class Place:
    """One column of the table: a training set in a series, and what is tested by which metric."""

    mixtures: Mixtures
    on: MixtureSet
    test: Evaluation

    @property
    def planned(self) -> tuple[Condition, ...]:
        """All conditions of the study here, with the runs that were scored: maybe none."""
        return self._scored(self.mixtures.planned(self.on))

    @property
    def chosen(self) -> tuple[Condition, ...]:
        """One condition per method, of several recipes the best; maybe without a scored run."""
        return self._scored(self.mixtures.chosen(self.on))

    def _scored(self, conditions: Sequence[Condition]) -> tuple[Condition, ...]:
        return tuple(map(self.scored, conditions))

    def scored(self, condition: Condition) -> Condition:
        """The condition with the runs that were scored here."""
        return self.mixtures.evidence.scored(condition, self.test.name)

    def mean(self, condition: Condition) -> tuple[Interval, int]:
        """The condition's score, and the number of items of a sampling."""
        if not condition.runs:
            return UNKNOWN, 0
        found = self.mixtures.compare(self.test, condition)
        mean = _over_samplings(found.scores[:, 0], found.sample.seeds)
        return within(mean, 0, POINTS), found.sample.units

    def difference(self, condition: Condition, other: Condition | None) -> tuple[Interval, int]:
        """The condition's score minus another's, and the number of samplings of both."""
        if other is None:
            return UNKNOWN, 0
        found = self.mixtures.compare(self.test, condition, other)
        difference = found.scores[:, 0] - found.scores[:, 1]
        seeds = found.sample.seeds
        return within(_over_samplings(difference, seeds), -POINTS, POINTS), seeds

    def leader(self, conditions: Sequence[Condition]) -> Condition | None:
        """The condition with the highest mean, if it beats the second beyond the noise."""
        scored = [each for each in conditions if each.runs]
        best = sorted(scored, key=lambda each: -self.mean(each)[0].value)[:2]
        if len(best) < 2:
            return None
        difference, _ = self.difference(*best)
        return best[0] if difference.low > 0 else None


def _over_samplings(draws: Floats, samplings: int) -> Interval:
    """The interval of a mean over samplings; of one, whose spread is unknown, the value alone."""
    found = interval(draws)
    return found if samplings >= MINIMUM_SEEDS else replace(UNKNOWN, value=found.value)


def mixture_scores(evidence: Evidence) -> pl.DataFrame:
    """Tables 1 and 2, and Figures 1 and 5, of *Beyond Full Fine-tuning*: columns as above."""
    about = evidence.runs.select("condition", *OF_RUN)
    # the last row of a condition counts: one of a run that is there
    of_run = {row[0]: row[1:] for row in about.sort("trainable_percent").iter_rows()}
    rows = [
        place | dict(zip(OF_RUN, of_run[label], strict=True)) | row
        for mixtures in Mixtures.of(evidence)
        for on in mixtures.sets
        for test in mixtures.tests("intra", "inter")
        for place in (_about(mixtures, on) | {"test_kind": test.test_kind, "metric": test.metric},)
        for label, row in _scores(Place(mixtures, on, test))
    ]  # fmt: skip
    return _without_nan(pl.DataFrame(rows, schema=MIXTURE_SCORES))


def _without_nan(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


def _about(mixtures: Mixtures, on: MixtureSet) -> dict[str, Any]:
    fixed = {each.label for group in mixtures.of_fixed_total for each in group}
    return {
        "series": mixtures.series,
        "trained_on": on.label,
        "tasks": on.tasks,
        "examples": on.examples,
        "shown": on in mixtures.shown,
        "of_fixed_total": on.label in fixed,
    }


def _scores(place: Place) -> Iterator[tuple[str, dict[str, Any]]]:
    full = next((each for each in place.chosen if not each.is_lora), None)
    leader = place.leader(place.planned)
    for each in place.planned:
        mean, items = place.mean(each)
        over, seeds = place.difference(each, full if each.is_lora else None)
        yield each.label, _condition(each, place) | _interval(mean) | {
            "items": items, "over_full": over.value, "over_full_low": over.low,
            "over_full_high": over.high, "over_full_seeds": seeds, "leads": each == leader,
        } | {kind: _share(each, place, kind) for kind in NO_ANSWERS}  # fmt: skip


def _share(condition: Condition, place: Place, kind: str) -> float | None:
    """Per cent of a condition's answers on the same test that are no answers of one kind."""
    if place.test.test_kind is None:
        return None
    test = place.mixtures.evidence.on_tests(place.test.test_kind, kind)
    found = test and Place(place.mixtures, place.on, test)
    return found.mean(found.scored(condition))[0].value if found else None


def _condition(condition: Condition, place: Place) -> dict[str, Any]:
    """The columns of CONDITION; the label names the recipe only where a method has several."""
    alone = sum(each.method == condition.method for each in place.planned) == 1
    return {
        "condition": condition.treatment,
        "label": condition.method if alone else condition.treatment,
        "family": condition.family,
        "method": condition.method,
        "rank": condition.rank,
        "learning_rate": condition.learning_rate,
        "best": condition in place.chosen,
        "seeds": len(condition.runs),
        "planned": condition.planned,
    }


def _interval(found: Interval) -> dict[str, float]:
    return {"mean": found.value, "low": found.low, "high": found.high}


def category_scores(evidence: Evidence) -> pl.DataFrame:
    """Figure 4: form and meaning of answers to unseen classification tasks, by category.

    After training on the most tasks. Classification tasks are those with a set of options.
    """
    whole = Mixtures.of(evidence)  # a category alone does not say which recipe is best
    best = {each.label for mixtures in whole for each in mixtures.chosen(mixtures.largest)}
    rows = [
        {"series": mixtures.series, "trained_on": mixtures.largest.label, "category": each.name}
        | row
        for each in categories_of(evidence)
        for mixtures in Mixtures.of(each.evidence)
        for row in _of_category(mixtures, each.tasks, best)
    ]
    found = _without_nan(pl.DataFrame(rows, schema=CATEGORY_SCORES))
    return found.sort("category", maintain_order=True)


def _of_category(mixtures: Mixtures, tasks: int, best: Set[str]) -> Iterator[dict[str, Any]]:
    for metric in OF_CATEGORIES:
        test = mixtures.evidence.on_tests("inter", metric)
        if test is None:
            continue
        place = Place(mixtures, mixtures.largest, test)
        for each in place.planned:
            mean, items = place.mean(each)
            yield _condition(each, place) | _interval(mean) | {
                "metric": metric, "tasks": tasks, "items": items, "best": each.label in best,
            }  # fmt: skip
