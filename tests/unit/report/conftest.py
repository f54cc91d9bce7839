"""Synthetic studies as tables, and every figure that the report draws of them.

Made once, for all tests of figures: drawing takes longer than the tests do. Nobody changes them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rankscope.report.drawing.figure import Figure
from rankscope.report.evidence.gather import gather
from rankscope.report.evidence.tables import Tables, build_tables
from rankscope.studies.expand import load_study
from report_parts import drawn
from synthetic_mixtures import more_is_better, write_mixture_study, write_mixture_study_file
from synthetic_study import DEMO, write_synthetic_study

OF_ALL_SETS = ("rank-scaling", "categories", "fixed-total")
CHAPTERS_OF_DEMO = ("tradeoff", "intruders", "updates", "training")


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield


@pytest.fixture(scope="session")
def demo_tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The demo, whose last run diverged."""
    folder = tmp_path_factory.mktemp("study")
    diverged = load_study(DEMO).runs[-1].name
    study = write_synthetic_study(folder, diverged=diverged)
    with inside(folder):
        return build_tables(gather(study))


@pytest.fixture(scope="session")
def mixture_tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Three ranks and full fine-tuning on three mixtures, higher ranks and more tasks better."""
    folder = tmp_path_factory.mktemp("mixtures")
    study = load_study(write_mixture_study_file(folder))
    with inside(folder):
        write_mixture_study(study, more_is_better)
        return build_tables(gather(study))


@pytest.fixture(scope="session")
def figures_of_demo(demo_tables: Tables) -> dict[str, Figure]:
    """By name."""
    found = drawn(demo_tables, ("code", "english"), CHAPTERS_OF_DEMO)
    return {figure.name: figure for figure in found}


@pytest.fixture(scope="session")
def figures_of_mixtures(mixture_tables: Tables) -> dict[str, Figure]:
    """By name."""
    return {figure.name: figure for figure in drawn(mixture_tables)}


@pytest.fixture(scope="session")
def figures(
    figures_of_demo: dict[str, Figure], figures_of_mixtures: dict[str, Figure]
) -> dict[str, Figure]:
    """Every figure by its name, drawn of a study that measured what it shows."""
    return figures_of_demo | {name: figures_of_mixtures[name] for name in OF_ALL_SETS}
