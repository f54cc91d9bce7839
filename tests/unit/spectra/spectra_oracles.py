"""What the certified ways are compared with."""

import numpy as np


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
