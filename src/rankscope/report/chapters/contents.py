"""The chapters of the report, in their order on the page: a folder and a line here each."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from rankscope.errors import StudyError
from rankscope.records.study import Study
from rankscope.report.chapters.chapter import Chapter, Content

if TYPE_CHECKING:
    from rankscope.report.evidence.tables import Tables

CHAPTERS = (
    "mixtures",
    "tradeoff",
    "intruders",
    "updates",
    "training",
)


def declared(name: str) -> Chapter:
    """What the chapter of the folder `name` declares itself to be.

    Raises:
        StudyError: there is no such chapter.
    """
    if name not in CHAPTERS:
        raise StudyError(f"there is no chapter {name!r}; chapters: {', '.join(CHAPTERS)}")
    found: Chapter = import_module(f"{__package__}.{name}.chapter").CHAPTER
    return found


def chapters_of(study: Study) -> tuple[str, ...]:
    """Names of the chapters that apply to a study."""
    return tuple(name for name in CHAPTERS if declared(name).applies(study))


def content_of(study: Study, name: str) -> "Callable[[Study, Tables], Content]":
    """What makes the content of a chapter; imports what it draws with.

    Raises:
        StudyError: there is no such chapter, or it has nothing to say of this study.
    """
    if not declared(name).applies(study):
        has = ", ".join(chapters_of(study))
        raise StudyError(
            f"the chapter {name!r} says nothing of the study {study.study!r}; it has: {has}"
        )
    found: Callable[[Study, Tables], Content]
    found = import_module(f"{__package__}.{name}.content").content
    return found
