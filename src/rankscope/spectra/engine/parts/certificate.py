"""From Ritz pairs and a proof of completeness to error bounds of singular vectors.

Guarantees: plain numbers in, plain numbers out; shared by every engine, so that a bound means the
same wherever it comes from: the sine of the angle between a Ritz vector and the true singular
vector is at most √2 · (residual + rounding) / gap (Davis and Kahan), where the gap reaches to the
other Ritz values and to the threshold under which all other eigenvalues are proven to lie.
"""

import math
from collections.abc import Sequence


def widest_gap(values: Sequence[float], k: int) -> int:
    """Return how many leading values (at least k) to certify: up to the widest gap behind them.

    `values` descend and hold at least one more than may be certified.
    """
    return max(range(k, len(values)), key=lambda i: values[i - 1] - values[i])


def is_separated(
    values: Sequence[float], residuals: Sequence[float], cut: int, threshold: float, noise: float
) -> bool:
    """Say whether the first `cut` Ritz values prove as many eigenvalues above `threshold`.

    For orthonormal Ritz vectors with residual matrix R there are as many eigenvalues within ‖R‖ of
    the Ritz values (Kahan); ‖R‖ ≤ its Frobenius norm.
    """
    return values[cut - 1] - math.hypot(*residuals[:cut]) - noise > threshold


def vector_gaps(
    values: Sequence[float],
    residuals: Sequence[float],
    cut: int,
    threshold: float,
    noise: float,
    k: int,
) -> list[float]:
    """Bound from below each of the first k values' distance to all other eigenvalues.

    Given that only `cut` eigenvalues lie above `threshold`; 0 or less where nothing is known.
    """
    spread = math.hypot(*residuals[:cut]) + noise
    others = [*values[:cut], threshold]
    return [
        min(abs(values[j] - other) for i, other in enumerate(others) if i != j) - spread
        for j in range(k)
    ]


def vector_errors(residuals: Sequence[float], gaps: Sequence[float], noise: float) -> list[float]:
    """Bound the sine of the angle of each vector to the true one, by its residual and its gap."""
    return [
        min(1.0, math.sqrt(2) * (residual + noise) / gap) if gap > 0 else 1.0
        for residual, gap in zip(residuals, gaps, strict=False)
    ]
