"""What the chapters of a study wrote, put together for the page.

Guarantees: knows the files of a chapter and nothing of its subject. Chapters keep their order;
claims stand in the order of their numbers.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rankscope.artefacts.reading import exists, read_json, verified
from rankscope.errors import ArtefactError
from rankscope.report.verdicts.files import read_verdicts
from rankscope.report.verdicts.verdict import Verdict

NO_ANSWER = {
    "sentences": ["Nothing of this study was scored: there is no answer to give."],
    "intervals": "by Student's t over seeds and a bootstrap over items",
    "left_out": "",
}


@dataclass(frozen=True)
class Part:
    """A stretch of a sentence; `evidence` (numbers in brackets) is set smaller."""

    text: str
    evidence: bool = False


Sentence = tuple[Part, ...]


@dataclass(frozen=True)
class ChapterParts:
    """One chapter: its figures as the page draws them, its words, and its verdicts."""

    figures: dict[str, dict[str, Any]]
    words: dict[str, Any]
    verdicts: tuple[Verdict, ...]

    @property
    def openers(self) -> list[str]:
        """The figures that can stand at the top, as far as they were drawn."""
        return [name for name in self.words["opens"] if name in self.figures]


@dataclass(frozen=True)
class Parts:
    """All chapters of a study, in their order."""

    chapters: tuple[ChapterParts, ...]

    @classmethod
    def of(cls, folders: Iterable[Path]) -> "Parts":
        """Read the chapters in these folders.

        Raises:
            ArtefactError: one was not made.
        """
        return cls(tuple(map(_read, folders)))

    @property
    def figures(self) -> dict[str, dict[str, Any]]:
        """All figures, by name."""
        return {name: each for chapter in self.chapters for name, each in chapter.figures.items()}

    @property
    def colours(self) -> dict[str, tuple[str, str]]:
        """The colours of all figures, by variable."""
        return {k: v for each in self.figures.values() for k, v in each["colours"].items()}

    @property
    def verdicts(self) -> list[Verdict]:
        """All verdicts, by the numbers of their claims."""
        found = (verdict for chapter in self.chapters for verdict in chapter.verdicts)
        return sorted(found, key=lambda each: list(map(int, re.findall(r"\d+", each.claim))))

    @property
    def at_the_top(self) -> list[str]:
        """The figure that the page opens with, and maybe the one below it, unfolded."""
        openers = (chapter.openers for chapter in self.chapters)
        return next(filter(None, openers), [])[:2]

    @property
    def sections(self) -> list[dict[str, Any]]:
        """What unfolds: all sections but those of the figures at the top."""
        listed = (s for chapter in self.chapters for s in chapter.words["sections"])
        return [
            each | {"title": each["title"] or self.figures[each["figure"]]["title"]}
            for each in listed
            if each["figure"] not in self.at_the_top
        ]

    @property
    def opening(self) -> dict[str, Any]:
        """The words of the first chapter that has an answer."""
        openings = (chapter.words["opening"] for chapter in self.chapters)
        found: dict[str, Any] = next(filter(None, openings), NO_ANSWER)
        return found

    @property
    def claims_notes(self) -> list[str]:
        """What chapters say of how their claims are judged."""
        return [n for chapter in self.chapters if (n := chapter.words["claims_note"])]


def _read(folder: Path) -> ChapterParts:
    if not exists(folder):
        command = f"rankscope report chapter {folder.name}"
        raise ArtefactError(f"{folder}: this chapter was not written; run `{command}` first")
    verified(folder)
    words = read_json(folder / "words.json")
    named = [each["figure"] for each in words["sections"] if each["figure"]]
    return ChapterParts(
        figures={name: read_json(folder / "figures" / f"{name}.json") for name in named},
        words=words,
        verdicts=tuple(read_verdicts(folder / "claims.parquet")),
    )


def in_parts(sentence: str) -> Sentence:
    """Split a sentence at its outer brackets; square ones may stand in round ones."""
    pieces = re.split(r"(\([^()]*\)|\[[^\]]*\])", sentence)
    return tuple(Part(text, text[0] in "([") for text in pieces if text)
