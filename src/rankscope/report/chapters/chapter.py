"""What a chapter of the report is: the interface between its folder and the rest of the report.

A chapter is a folder `chapters/<name>/` with two modules that are known from outside:

- `chapter.py` declares it as a `Chapter`: which studies it applies to, what it reads beside the
  tables, the sentences that Snakemake's own report shows with its figures. It is read before
  anything runs, so that it imports nothing heavy.
- `content.py` has the function `content(study, tables)`, from the tables of all of a study to the
  `Content` of the chapter: tables of its own, figures, verdicts, and its words on the page.

Guarantees: chapters import what lies below them (evidence, verdicts, drawing) and never each other.
`contents` lists them; `making` writes what a chapter says; `page` puts it on the page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rankscope.records.study import Study

if TYPE_CHECKING:
    import polars as pl

    from rankscope.report.drawing.figure import Figure
    from rankscope.report.verdicts.verdict import Verdict

Colours = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Drawn:
    """A figure, and what its caption has to add.

    The caption of a figure that sets ranks side by side ends with the learning rates
    (`tells_rates`) and with what it shows of a method with several recipes. A figure of one
    training set says of which, where a study has several.
    """

    figure: "Figure"
    tells_rates: bool = False
    of_several: str = "each a trace of its own"
    of_all_sets: bool = False


@dataclass(frozen=True)
class Section:
    """A part of the page that unfolds: a figure of the chapter, or HTML of its own.

    `takeaway` is what a reader learns without unfolding it; `title` is the figure's if left out.
    """

    name: str
    title: str = ""
    takeaway: str = ""
    figure: str = ""
    html: str = ""


@dataclass(frozen=True)
class Opening:
    """How a page begins that this chapter opens.

    `sentences` are the answer; `intervals` says how their brackets are computed, `left_out` what
    becomes of runs that did not finish.
    """

    sentences: tuple[str, ...]
    intervals: str
    left_out: str


@dataclass(frozen=True)
class Content:
    """What a chapter says of one study.

    `opens` names the figures that may stand at the top of the page: the first that is drawn, and
    the second right below it, unfolded. `claims_note` is what a reader of its claims must know
    beside the rule of all claims; `colours` are those of its figures that are not of methods.
    """

    figures: tuple[Drawn, ...]
    sections: tuple[Section, ...]
    verdicts: "tuple[Verdict, ...]" = ()
    tables: "Mapping[str, pl.DataFrame]" = field(default_factory=dict)
    colours: Colours = field(default_factory=dict)
    opens: tuple[str, ...] = ()
    opening: Opening | None = None
    claims_note: str = ""


def _nothing_more(_study: Study) -> list[str]:
    return []


@dataclass(frozen=True)
class Chapter:
    """A chapter as it is known before anything runs.

    Attributes:
        name: of its folder, and of what it writes.
        applies: whether it has something to say of a study, judged by the study's records.
        sentences: by figure, in reStructuredText, for Snakemake's own report.
        reads: artefacts it reads beside the tables.
    """

    name: str
    applies: Callable[[Study], bool]
    sentences: Mapping[str, str]
    reads: Callable[[Study], list[str]] = _nothing_more


def words_of(content: Content) -> dict[str, Any]:
    """What a chapter says in words, as the page reads it."""
    return {
        "sections": [vars(section) for section in content.sections],
        "opens": list(content.opens),
        "opening": vars(content.opening) if content.opening else None,
        "claims_note": content.claims_note,
    }
