"""What fine-tuning did to a matrix, and what it did beside that is not analysed.

Guarantees: nothing that a version holds is dropped without a word: it is a matrix with an update,
or a `LeftOut` with a name and a reason.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rankscope.weights.layouts.layout import is_token_embedding
from rankscope.weights.matrices import Matrix

_HEADS = re.compile(r"(^|\.)(lm_head|embed_out|score|classifier|qa_outputs|cls|pooler|v_head)\b")
_NAMED = 5  # tensors that a message names


@dataclass(frozen=True)
class LeftOut:
    """A tensor that is not analysed.

    Attributes:
        name: as the version spells it.
        kind: `biases`, `norms`, `embeddings`, …
        reason: why it is left out.
        shape: of the tensor.
        changed: whether it differs from the base's; None where there is nothing to compare.
    """

    name: str
    kind: str
    reason: str
    shape: tuple[int, ...]
    changed: bool | None = None


def kind_of(name: str, shape: Sequence[int]) -> str:
    """Say by its name and shape what a tensor is that is no matrix of a layer."""
    lowered = name.lower()
    if "trainable_tokens" in lowered or "token_adapter" in lowered:
        return "single tokens"
    if "norm" in lowered or re.search(r"(^|\.)ln_?\w*\.", lowered):
        return "norms"
    if "bias" in lowered.rsplit(".", 1)[-1]:
        return "biases"
    if is_token_embedding(name) or "embed" in lowered or lowered.endswith("wpe.weight"):
        return "embeddings"
    if _HEADS.search(lowered):
        return "heads"
    if re.search(r"conv|patch", lowered) and len(shape) > 2:
        return "convolutions"
    return "vectors" if len(shape) < 2 else "other weights"


def some_of(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def told(left_out: Iterable[LeftOut]) -> list[str]:
    """Say what was left out, one line per kind, changed ones first."""
    states = {True: "changed", None: "trained, or not in the base", False: "as in the base"}
    grouped: dict[tuple[bool | None, str, str], list[LeftOut]] = {}
    for each in left_out:
        grouped.setdefault((each.changed, each.kind, each.reason), []).append(each)
    order = list(states)
    return [
        f"{len(group)} {kind} ({states[changed]}; {reason}): {some_of([one.name for one in group])}"
        for (changed, kind, reason), group in sorted(
            grouped.items(), key=lambda item: (order.index(item[0][0]), *item[0][1:])
        )
    ]


@dataclass(frozen=True)
class LowRank:
    """ΔW = `left` @ `right`: m × r (the scale folded in) and r × n, float64."""

    left: np.ndarray
    right: np.ndarray

    @property
    def rank(self) -> int:
        """Rank of the update as given: an upper bound of its numerical rank."""
        return int(self.left.shape[1])

    @property
    def is_finite(self) -> bool:
        """Whether it holds neither NaN nor infinity."""
        return bool(np.isfinite(self.left).all() and np.isfinite(self.right).all())

    @property
    def norm(self) -> float:
        """Its Frobenius norm, to half of the digits where its parts cancel."""
        square = np.sum((self.left.T @ self.left) * (self.right @ self.right.T))
        return float(np.sqrt(max(square, 0.0)))

    def dense(self) -> np.ndarray:
        """ΔW itself."""
        return self.left @ self.right


@dataclass(frozen=True)
class Dense:
    """ΔW as an m × n float64 matrix of any rank."""

    delta: np.ndarray

    @property
    def is_finite(self) -> bool:
        """Whether it holds neither NaN nor infinity."""
        return bool(np.isfinite(self.delta).all())

    def dense(self) -> np.ndarray:
        """ΔW itself."""
        return self.delta


Update = LowRank | Dense


class Tuned(Protocol):
    """A fine-tuned version of a base: which matrices it changed, and how."""

    @property
    def matrices(self) -> tuple[Matrix, ...]:
        """The matrices that differ from the base, or may."""
        ...

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What was trained, or may have been, and is not among the matrices."""
        ...

    def update(self, matrix: Matrix, weight: np.ndarray) -> Update:
        """Return the change of `matrix`, whose base `weight` is given (m × n)."""
        ...

    def precision(self, matrix: Matrix) -> str:
        """Say in which precision the change is stored."""
        ...

    def only(self, matrix: Matrix) -> "Tuned":
        """Return the version with nothing but what `matrix` needs, to be sent to a worker."""
        ...
