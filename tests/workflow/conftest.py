"""Laboratories: `finished_lab` has run the whole chain once per session; `lab` is a copy of it that
a test may change as it likes, `new_lab` one in which nothing was run.
"""

from pathlib import Path

import pytest

from laboratory import Lab, copied, new_laboratory


@pytest.fixture(scope="session")
def fresh_lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A laboratory in which nothing was run yet; not to be changed."""
    return new_laboratory(tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="session")
def finished_lab(fresh_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A laboratory whose study has run to its end; not to be changed."""
    lab = copied(fresh_lab, tmp_path_factory.mktemp("finished") / "lab")
    lab.snakemake()
    return lab


@pytest.fixture
def lab(finished_lab: Lab, tmp_path: Path) -> Lab:
    """A finished laboratory of the test's own."""
    return copied(finished_lab, tmp_path / "lab")


@pytest.fixture
def new_lab(fresh_lab: Lab, tmp_path: Path) -> Lab:
    """An untouched laboratory of the test's own."""
    return copied(fresh_lab, tmp_path / "lab")
