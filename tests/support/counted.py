"""What is asked of the spectral engine, with whatever numbers a test likes."""

from collections.abc import Sequence
from typing import NamedTuple


class Counted(NamedTuple):
    """As `records.spectra.SpectraSettings` says it, without that record's limits."""

    ks: Sequence[int]
    epsilons: Sequence[float]
    similarity_size: int
