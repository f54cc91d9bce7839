"""Of which studies there is something to say of learning and forgetting."""

from rankscope.report.chapters.tradeoff.chapter import CHAPTER
from rankscope.studies.expand import load_study
from synthetic_study import DEMO


def test_without_an_evaluation_nothing_was_learned_or_forgotten():
    demo = load_study(DEMO)
    assert CHAPTER.applies(demo)
    assert not CHAPTER.applies(demo.model_copy(update={"suites": ()}))
