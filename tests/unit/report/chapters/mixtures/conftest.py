"""The paper's printed tables as evidence, for all tests of claims on mixtures."""

import pytest

from mixture_evidence import of_the_paper
from rankscope.report.chapters.mixtures.subject import Mixtures


@pytest.fixture(scope="session")
def paper() -> Mixtures:
    """Scores as printed, every item and sampling alike."""
    return of_the_paper()
