"""What the claims of a study are about: which conditions, evaluations and spectral settings.

Guarantees: one condition per method. Where a study tried several (a sweep of learning rates), the
one that learned most is taken, and the note says so: that is the "learning rate tuned?" flag which
every comparison over ranks needs, because rank, alpha and learning rate are confounded. Ranks are
compared within a family of LoRA: where a study has several, each has verdicts of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from rankscope.report.evidence.evidence import Condition, Evidence
from rankscope.report.evidence.resampling import Floats
from rankscope.report.verdicts.verdict import (
    MINIMUM_SEEDS,
    Claim,
    Sample,
    Verdict,
    bound_out_of_reach,
)


@dataclass(frozen=True)
class Family:
    """The conditions of one family of LoRA, by rank; `name` is empty where a study has only one."""

    name: str
    loras: tuple[Condition, ...]

    @property
    def repeated(self) -> tuple[Condition, ...]:
        """Those with enough seeds to be judged, where there are any; else all."""
        return repeated(self.loras)

    def scope(self, *parts: str) -> str:
        """Where a verdict on the family holds."""
        return " · ".join([*([self.name] if self.name else []), *parts])

    def verdict(self, found: Verdict, evaluation: str = "") -> Verdict:
        """Return a verdict as one on this family, by an evaluation where there is one."""
        of = self.loras[0].family if self.loras else ""
        return replace(found, family=of, evaluation=evaluation)


@dataclass(frozen=True)
class Subject:
    """The evidence, and the two evaluations that stand for learning and forgetting."""

    evidence: Evidence
    learning: str | None
    forgetting: str | None

    @classmethod
    def of(cls, evidence: Evidence, headline: tuple[str, str] | None) -> "Subject":
        """Take the study's headline evaluations, or else the first of each kind.

        Of several training sets, methods are compared on the headline one.
        """
        evidence = evidence.on(evidence.headline_set)
        if headline is not None:
            return cls(evidence, *headline)
        first = {each.measures: each.name for each in reversed(evidence.evaluations)}
        return cls(evidence, first.get("learning"), first.get("forgetting"))

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """One condition per method that has a done run: full fine-tuning, then LoRA by rank.

        Family by family where LoRAs are of several.
        """
        chosen: dict[str, Condition] = {}
        for condition in self.evidence.conditions:
            best = chosen.get(condition.method)
            if condition.runs and (best is None or self._learned(condition) > self._learned(best)):
                chosen[condition.method] = condition
        return tuple(chosen.values())

    def _learned(self, condition: Condition) -> float:
        if self.learning is None:
            return 0.0
        steps = self.evidence.steps(condition, self.learning)
        gains = [self.evidence.gain(condition, self.learning, step)[0] for step in steps]
        return max(gains, default=float("-inf"))

    @property
    def full(self) -> Condition | None:
        """Full fine-tuning, if the study has it."""
        return next((each for each in self.conditions if not each.is_lora), None)

    def full_and_loras(self, *names: str | None) -> tuple[Condition, tuple[Condition, ...]] | None:
        """Full fine-tuning and the LoRAs, as far as scored on all the evaluations; None without."""

        def scored(condition: Condition) -> bool:
            return all(name and self.evidence.steps(condition, name) for name in names)

        loras = tuple(lora for lora in self.loras if scored(lora))
        return (self.full, loras) if self.full and scored(self.full) and loras else None

    @property
    def loras(self) -> tuple[Condition, ...]:
        """LoRA conditions, family by family, by rank."""
        return tuple(each for each in self.conditions if each.is_lora)

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """The families of LoRA, as the study has them; one without conditions if it has none."""
        found: dict[str, list[Condition]] = {}
        for lora in self.loras:
            found.setdefault(lora.family, []).append(lora)
        if len(found) < 2:
            return (Family("", self.loras),)
        return tuple(Family(name, tuple(loras)) for name, loras in found.items())

    def unit(self, evaluation: str) -> str:
        """Unit of an evaluation's scores."""
        return self.evidence.evaluation(evaluation).unit

    def gain(self, condition: Condition, evaluation: str, step: int) -> Floats:
        """Draws of the improvement over the base."""
        return self.evidence.gain(condition, evaluation, step)

    def forgotten(self, condition: Condition, evaluation: str, step: int) -> Floats:
        """Draws of the loss against the base: positive is worse than the base."""
        return -self.evidence.gain(condition, evaluation, step)

    def steps(self, evaluation: str, *conditions: Condition) -> tuple[int, ...]:
        """Steps at which all the conditions were scored."""
        scored = [set(self.evidence.steps(each, evaluation)) for each in conditions]
        return tuple(sorted(set.intersection(*scored))) if scored else ()

    def spectral_steps(self, *conditions: Condition) -> tuple[int, ...]:
        """Steps at which the weights of all the conditions were analysed."""
        analysed = [set(self.evidence.spectral_steps(each)) for each in conditions]
        return tuple(sorted(set.intersection(*analysed))) if analysed else ()

    def ceiling(
        self, claim: Claim, condition: Condition, evaluation: str, steps: Sequence[int]
    ) -> str:
        """Why nothing can score above the condition, if its score is the highest that there is."""
        found = self.evidence.evaluation(evaluation)
        if found.largest is None or not found.higher_is_better:
            return ""
        best = max(self.evidence.score(condition, evaluation, step)[0] for step in steps)
        because = f"{condition.method} scores {best:g} on {evaluation}, the highest that there is"
        return bound_out_of_reach(
            claim, found.largest - best, f"{because}; needs a harder evaluation"
        )

    def items(self, evaluation: str, *conditions: Condition) -> Sample:
        """The sample behind a comparison on an evaluation."""
        of = "items"
        found = self.evidence.evaluation(evaluation)
        if found.metric == "bits_per_byte":
            of = "documents"
        scored = [self.evidence.scored(each, evaluation) for each in conditions]
        return Sample(min(len(each.runs) for each in scored), found.items, of)

    def matrices(self, units: int, *conditions: Condition) -> Sample:
        """The sample behind a comparison of weight matrices."""
        analysed = [self.evidence.analysed(each) for each in conditions]
        return Sample(min(len(each.runs) for each in analysed), units, "matrices")

    def rates(self, *conditions: Condition) -> str:
        """A note on learning rates: which they are, and whether this study chose them."""
        parts = []
        for condition in conditions:
            tried = sum(c.method == condition.method for c in self.evidence.conditions)
            chosen = f", best of {tried} tried here" if tried > 1 else ""
            lost = condition.planned - len(condition.runs)
            left_out = f", {lost} of {condition.planned} seeds left out" if lost else ""
            parts.append(f"{condition.method} {condition.learning_rate:g}{chosen}{left_out}")
        return f"learning rates: {'; '.join(parts)}"


def repeated(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """Keep the conditions with enough seeds to be judged, where there are any."""
    enough = tuple(each for each in conditions if len(each.runs) >= MINIMUM_SEEDS)
    return enough or conditions
