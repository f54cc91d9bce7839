"""What the certified ways are compared with."""

import numpy as np

from rankscope.weights.updates import Dense, LowRank


def realistic(m, n, rng):
    """A weight with a decaying spectrum over a noise floor, as trained layers have."""
    q = min(m, n)
    left, _ = np.linalg.qr(rng.standard_normal((m, q)))
    right, _ = np.linalg.qr(rng.standard_normal((n, q)))
    values = 6 * np.arange(1, q + 1) ** -0.5 + rng.uniform(0, 0.3, q)
    return (left * values) @ right.T


def oracle(weight, update):
    u0, _, v0 = np.linalg.svd(weight, full_matrices=False)
    u, _, v = np.linalg.svd(weight + update, full_matrices=False)
    return np.abs(u0.T @ u).max(axis=0)[:10], np.abs(v0 @ v.T).max(axis=0)[:10]


def versions(m, n, rng):
    """Updates of every rank and strength, a full one included."""
    for rank in (1, 2, 4, 8, 16, None):
        for strength in (0.01, 0.3, 1.0, 3.0, 30.0):
            if rank is None:
                yield Dense(strength * 0.3 * rng.standard_normal((m, n)))
            else:
                left = strength * rng.standard_normal((m, rank)) / np.sqrt(rank)
                yield LowRank(left, rng.standard_normal((rank, n)) / 3)


def adversarial(rng):
    """Base weights and updates at the edge of what is defined, by name."""
    weight = realistic(60, 70, rng)
    u, s, v = np.linalg.svd(weight, full_matrices=False)
    clustered = (u * np.where(np.arange(60) < 20, 3 + 1e-5 * np.arange(60)[::-1], s / 6)) @ v
    one = rng.standard_normal((60, 1)), rng.standard_normal((1, 70))
    return {
        "zero": (weight, LowRank(0 * one[0], one[1])),
        "huge": (weight, LowRank(1e6 * one[0], one[1])),
        "removed top": (weight, LowRank(-s[0] * u[:, :1], v[:1])),
        "doubled top": (weight, LowRank(s[0] * u[:, :1], v[:1])),
        "inside": (weight, LowRank(u[:, 3:6], 3 * v[3:6])),
        "clusters": (clustered, LowRank(*one)),
        "identical columns": (weight, LowRank(np.repeat(one[0], 4, 1), np.repeat(one[1], 4, 0))),
        "dense zero": (weight, Dense(np.zeros((60, 70)))),
        "dense copy": (weight, Dense(weight.copy())),
    } | {
        f"pair {distance:g} apart": (_with_pair(u, v, distance), _between_pair(u, v, rng))
        for distance in (1e-4, 1e-6, 1e-8)
    }


def _with_pair(u, v, distance):
    """Return a weight with two singular values of this relative distance."""
    values = np.concatenate([[6, 5, 4, 4 * (1 - distance), 3], np.linspace(2, 0.5, 55)])
    return (u * values) @ v


def _between_pair(u, v, rng):
    """Return an update along .45 of each vector of the pair: together they weigh more than ½."""
    rest = rng.standard_normal(60)
    rest -= u[:, 2:4] @ (u[:, 2:4].T @ rest)
    direction = 0.45 * (u[:, 2] + u[:, 3]) + (1 - 2 * 0.45**2) ** 0.5 * rest / np.linalg.norm(rest)
    return LowRank(30 * direction[:, None], rng.standard_normal((1, 70)) / 70**0.5)
