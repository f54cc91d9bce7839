"""Of which studies there is something to say of training."""

from rankscope.report.chapters.training.chapter import CHAPTER
from rankscope.studies.expand import load_study
from synthetic_study import DEMO


def test_without_a_run_there_is_no_training():
    demo = load_study(DEMO)
    assert CHAPTER.applies(demo)
    assert not CHAPTER.applies(demo.model_copy(update={"runs": ()}))
