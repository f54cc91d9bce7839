"""Of which studies there is something to say of intruders."""

from rankscope.report.chapters.intruders.chapter import CHAPTER
from rankscope.studies.expand import load_study
from synthetic_study import DEMO


def test_without_spectra_there_is_no_word_of_intruders():
    demo = load_study(DEMO)
    assert CHAPTER.applies(demo)
    assert not CHAPTER.applies(demo.model_copy(update={"spectra": None}))
