"""The figures of a study: one module each, so that an edited one re-renders figures and page only.

Guarantees: `FIGURES` is known before anything runs, and every figure of it is written for every
study; one that needs what was not measured has no panels and says so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import polars.selectors as cs

from rankscope.report.chapters.intruders.counts import intruders
from rankscope.report.chapters.intruders.similarity import similarity
from rankscope.report.chapters.mixtures.categories import categories
from rankscope.report.chapters.mixtures.fixed_total import fixed_total
from rankscope.report.chapters.mixtures.scaling import rank_scaling, shown_sets
from rankscope.report.chapters.tradeoff.by_rank import by_rank, traces_of
from rankscope.report.chapters.tradeoff.plane import plane
from rankscope.report.chapters.tradeoff.trajectories import trajectories
from rankscope.report.chapters.training.loss import loss
from rankscope.report.chapters.updates.effective_rank import effective_rank
from rankscope.report.chapters.updates.singular_values import singular_values
from rankscope.report.drawing.figure import Figure, palette, rates_note
from rankscope.report.evidence.tables import Tables

Headline = tuple[str, str] | None


@dataclass(frozen=True)
class Entry:
    """A figure of the report: its file name, title, what it needs, and how it is drawn.

    The caption of a figure that sets ranks side by side ends with the learning rates, and with what
    it shows of a method with several recipes. A figure of one training set says of which, where a
    study has several.
    """

    name: str
    title: str
    needs: str
    draw: Callable[[Tables, Headline], Figure | None]
    tells_rates: bool = False
    of_several: str = "each a trace of its own"
    of_all_sets: bool = False


def _plane(tables: Tables, headline: Headline) -> Figure | None:
    if headline is None or tables.summary.is_empty():
        return None
    return plane(tables, *headline)


BEST = "of which the one that is best on seen tasks is drawn"
MIXTURES = "runs on mixtures of tasks, tested on seen or unseen tasks"

FIGURES: tuple[Entry, ...] = (
    Entry(
        "rank-scaling",
        "Score against rank and number of tasks",
        MIXTURES,
        lambda tables, _: rank_scaling(tables.mixture_scores),
        tells_rates=True,
        of_several=BEST,
        of_all_sets=True,
    ),
    Entry(
        "by-rank",
        "Learned and forgotten, by rank",
        "scores of LoRA at the end of training",
        by_rank,
        tells_rates=True,
    ),
    Entry(
        "categories",
        "Form and meaning of answers, by category",
        "unseen classification tasks",
        lambda tables, _: categories(tables.category_scores),
        tells_rates=True,
        of_several=BEST,
        of_all_sets=True,
    ),
    Entry(
        "fixed-total",
        "More tasks or more examples of each?",
        "mixtures of as many examples and different numbers of tasks",
        lambda tables, _: fixed_total(tables.mixture_scores),
        tells_rates=True,
        of_all_sets=True,
    ),
    Entry(
        "plane",
        "What was learned, and what it cost",
        "scores and a headline",
        _plane,
        tells_rates=True,
    ),
    Entry(
        "trajectories",
        "Learning and forgetting over training",
        "scores at several steps",
        lambda tables, _: trajectories(tables),
    ),
    Entry(
        "intruders",
        "Intruder dimensions",
        "spectra",
        lambda tables, _: None if tables.intruder_summary.is_empty() else intruders(tables),
        tells_rates=True,
    ),
    Entry(
        "similarity",
        "Are the singular vectors still those of the base?",
        "spectra",
        lambda tables, _: None if tables.similarity.is_empty() else similarity(tables),
    ),
    Entry(
        "effective-rank",
        "Effective rank of the update",
        "spectra",
        lambda tables, _: None if tables.matrices.is_empty() else effective_rank(tables),
        tells_rates=True,
    ),
    Entry(
        "singular-values",
        "Singular values over training",
        "spectra",
        lambda tables, _: None if tables.vectors.is_empty() else singular_values(tables),
    ),
    Entry(
        "loss",
        "Training loss",
        "loss curves",
        lambda tables, _: None if tables.loss.is_empty() else loss(tables),
    ),
)


def colours_of(tables: Tables) -> dict[str, tuple[str, str]]:
    """The colours of all methods and training sets of a study, in light and in dark mode."""
    sets = len(shown_sets(tables.mixture_scores))
    traces = traces_of(tables.on_headline_set().runs)["trace"].n_unique()
    return palette(tables.runs["rank"].drop_nulls().to_list(), sets, traces)


def draw_figures(
    tables: Tables, headline: Headline, tuned_in: str | None = None
) -> Iterator[Figure]:
    """Draw every figure of `FIGURES`; `tuned_in` is the study that the learning rates are from."""
    colours = colours_of(tables)
    several = len({each.trained_on for each in tables.evidence.conditions}) > 1
    every = tables.runs
    only = f"Of the runs trained on {tables.evidence.headline_set}."
    tables = tables.on_headline_set()
    for entry in FIGURES:
        figure = entry.draw(tables, headline)
        if figure is None:
            missing = f"Not measured in this study: this figure needs {entry.needs}."
            figure = Figure(entry.name, entry.title, missing, tables.runs.head(0).select("run"), ())
        else:
            notes = [only] if several and not entry.of_all_sets else []
            notes += [figure.caption]
            if entry.tells_rates:
                runs = every if entry.of_all_sets else tables.runs
                notes.append(rates_note(runs, tuned_in, entry.of_several))
            figure = replace(figure, caption=" ".join(notes))
        rows = figure.rows.with_columns(cs.float() + 0.0)  # no -0.0
        yield replace(figure, rows=rows, colours=colours)
