"""Which chapters there are, and which of them a study has."""

from pathlib import Path

import pytest

from rankscope.errors import StudyError
from rankscope.records.study import Study
from rankscope.report.chapters import contents
from rankscope.report.chapters.contents import CHAPTERS, chapters_of, content_of, declared
from rankscope.studies.expand import load_study
from synthetic_study import DEMO


@pytest.fixture(scope="module")
def demo() -> Study:
    return load_study(DEMO)


def test_every_folder_is_a_chapter_of_its_name_and_in_the_list():
    home = Path(contents.__file__).parent
    folders = {path.parent.name for path in home.glob("*/chapter.py")}
    assert folders == set(CHAPTERS)
    assert [declared(name).name for name in CHAPTERS] == list(CHAPTERS)
    assert all((home / name / "content.py").is_file() for name in CHAPTERS)


def test_figures_have_names_of_their_own():
    names = [figure for chapter in CHAPTERS for figure in declared(chapter).sentences]
    assert len(names) == len(set(names))


def test_a_study_on_one_text_has_no_chapter_on_mixtures(demo):
    assert chapters_of(demo) == ("tradeoff", "intruders", "updates", "training")
    assert declared("tradeoff").reads(demo) == []


def test_without_spectra_nothing_is_said_of_weights(demo):
    blind = demo.model_copy(update={"spectra": None})
    assert chapters_of(blind) == ("tradeoff", "training")
    with pytest.raises(
        StudyError, match=r"'intruders' says nothing .*; it has: tradeoff, training"
    ):
        content_of(blind, "intruders")


def test_a_chapter_that_there_is_not_is_named():
    with pytest.raises(StudyError, match="no chapter 'plane'; chapters: mixtures, tradeoff"):
        declared("plane")
