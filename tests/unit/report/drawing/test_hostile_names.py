"""Names that a user chose come through every figure to the letter, whatever they spell."""

import csv
import io
import json
from xml.etree import ElementTree

import polars as pl
import pytest

from evidence_builder import EvidenceBuilder, tables_of
from rankscope.report.chapters.mixtures.content import figures
from rankscope.report.chapters.mixtures.tables import category_scores, mixture_scores
from rankscope.report.drawing.figure import Figure
from rankscope.report.drawing.render import for_page, write_figure
from rankscope.report.evidence.tables import Tables
from report_parts import drawn as figures_of

NAMES = (
    "it's", 'say "so"', "`tick`", "back\\slash", "end\\", "a.b", "a[b]", "a['b']", "x:Q", "sum(x)",
    "line\nbreak", "carriage\r\nreturn", "tab\there", "nul\x00", "\x1b[31mred", "\ufffe", "\u2028",
    "Bewährung – 評価 😀 עברית", "</script><b>bold</b>", "]]>", "<!--", "&amp;", "var(--full)",
    "var(--nothing)", "datum.x", "' || true || '", "{{ 1 }}", "${x}", "%s", "__proto__",
    "constructor", "null", "true", "12", "1e3", "2026-01-01", "  blanks  ", "Base", "mean", "full",
    "=1+1", "a,b;c", "a" * 500, "many words " * 50,
)  # fmt: skip


# building a chart takes a while: a few evaluations whose names together spell all of them
JOINED = tuple("".join(NAMES[start::4]) for start in range(4))


ALL = "".join(JOINED)


SPECIAL = "'\"\\[a].b:Q\n</script>"


SVG = "{http://www.w3.org/2000/svg}"


def renamed(tables: Tables, names: dict[str, dict[str, str]]) -> Tables:
    """The tables with other names: by column, old to new."""
    frames = {name: getattr(tables, name) for name in tables.__dataclass_fields__}
    return Tables(**{name: with_names(frame, names) for name, frame in frames.items()})


def with_names(frame: pl.DataFrame, names: dict[str, dict[str, str]]) -> pl.DataFrame:
    return frame.with_columns(
        pl.col(column).replace(new) for column, new in names.items() if column in frame.columns
    )


def drawn(tables: Tables, headline: tuple[str, str] | None) -> dict[str, Figure]:
    return {each.name: each for each in figures_of(tables, headline)}


def shapes(figure: Figure, folder) -> dict[str, int]:
    """How many marks of each kind the picture has, apart from text, which may wrap."""
    write_figure(figure, folder)
    picture = ElementTree.parse(folder / f"{figure.name}.svg")
    found = [each for each in picture.iter(f"{SVG}path") if each.get("aria-roledescription")]
    kinds = sorted({str(each.get("aria-roledescription")) for each in found})
    return {kind: sum(each.get("aria-roledescription") == kind for each in found) for kind in kinds}


def measured_on(names: tuple[str, ...]) -> Tables:
    """A study of two methods with as many evaluations as there are names."""
    builder = EvidenceBuilder()
    runs = [("base", 0, 0.25), (builder.run(None, 0), 5, 0.75), (builder.run(4, 0), 5, 0.5)]
    for number, name in enumerate(names):
        measures = "forgetting" if number % 2 else "learning"
        for run, step, score in runs:
            builder.scores(run, name, {step: [score, 0.5]}, measures)
    return tables_of(builder)


def test_no_expression_holds_a_name():
    """What Vega parses is the same for all names: only titles and rows differ."""
    plain = drawn(measured_on(tuple(f"plain {number}" for number in range(len(JOINED)))), None)
    figures = drawn(measured_on(JOINED), None)
    assert set(figures) == set(plain) == {"by-rank", "trajectories"}
    for key, figure in figures.items():
        specs = [[panel.chart.to_dict() for panel in each.panels] for each in (figure, plain[key])]
        assert len(specs[0]) == len(JOINED)
        assert specs[0] == specs[1]


def test_names_are_kept_to_the_letter_in_the_rows():
    (figure, _) = drawn(measured_on(JOINED), None).values()
    rows = csv.DictReader(io.StringIO(figure.rows.write_csv(), newline=""))
    assert {row["evaluation"] for row in rows} == set(JOINED)
    kept = json.loads(json.dumps(for_page(figure)))
    assert set(kept["rows"]["evaluation"]["levels"]) == set(JOINED)
    assert {panel["title"].split(": ", 1)[1] for panel in kept["panels"]} == set(JOINED)


@pytest.mark.parametrize("learning", ["end\\", "constructor", ALL])
def test_the_headline_may_have_any_names(learning, tmp_path):
    plain = drawn(measured_on(("code", "english")), ("code", "english"))
    forgetting = f"not {learning}"
    figures = drawn(measured_on((learning, forgetting)), (learning, forgetting))
    expected = shapes(plain["plane"], tmp_path)
    assert shapes(figures["plane"], tmp_path) == expected
    assert sum(expected.values()) > 5
    assert figures["by-rank"].panels[0].title == f"learned: {learning}"


def hostile(frame: pl.DataFrame, column: str) -> dict[str, str]:
    """New names for all values of a column, in the order of the old ones."""
    values = frame[column].drop_nulls().unique().sort().to_list()
    return {value: f"{value} {SPECIAL}" for value in values}


def specifications(figures: dict[str, Figure]) -> dict[str, list]:
    return {
        name: [panel.chart.to_dict(validate=False) for panel in figure.panels]
        for name, figure in figures.items()
    }


def test_no_figure_of_a_study_has_a_name_in_an_expression(demo_tables):
    names = {
        column: hostile(table, column)
        for table, column in (
            (demo_tables.summary, "evaluation"),
            (demo_tables.matrices, "matrix"),
            (demo_tables.matrices, "module_type"),
        )
    }
    before = drawn(demo_tables, ("code", "english"))
    headline = (names["evaluation"]["code"], names["evaluation"]["english"])
    after = drawn(renamed(demo_tables, names), headline)
    assert len(after) == 8
    assert specifications(after) == specifications(before)


def test_no_figure_of_mixtures_has_a_name_in_an_expression(mixture_tables):
    scores = mixture_scores(mixture_tables.evidence)
    by_category = category_scores(mixture_tables.evidence)
    names = {
        "category": hostile(by_category, "category"),
        "evaluation": hostile(mixture_tables.summary, "evaluation"),
    }
    others = ("tradeoff", "training")
    before = {each.name: each for each in figures_of(mixture_tables, of=others)}
    before |= {each.figure.name: each.figure for each in figures(scores, by_category)}
    after = {each.name: each for each in figures_of(renamed(mixture_tables, names), of=others)}
    frames = (with_names(frame, names) for frame in (scores, by_category))
    after |= {each.figure.name: each.figure for each in figures(*frames)}
    assert {"rank-scaling", "categories", "fixed-total", "by-rank"} <= set(after)
    assert specifications(after) == specifications(before)
