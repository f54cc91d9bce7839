"""Form and meaning of answers by category, as drawn."""

import polars as pl

from mixture_scores import score
from rankscope.report.chapters.mixtures.categories import categories
from rankscope.report.chapters.mixtures.tables import MIXTURE_SCORES

SCHEMA = MIXTURE_SCORES | {"category": pl.String}
METRICS = ("exact_match", "out_of_options")


def of(category: str, rank: int | None, tasks: int = 2, **columns) -> list[dict]:
    """Both measures of a method on a category."""
    known = {"category": category, "tasks": tasks, "test_kind": "inter"} | columns
    return [score(rank, **known, metric=metric) for metric in METRICS]


def table(*rows: list[dict]) -> pl.DataFrame:
    return pl.DataFrame([row for of_both in rows for row in of_both], schema=SCHEMA)


def test_each_category_is_a_panel_of_its_size_by_name():
    figure = categories(table(of("logic", 4, items=8), of("art", 4, tasks=1, items=3)))
    assert [panel.title for panel in figure.panels] == [
        "art (1 task, 3 items)", "logic (2 tasks, 8 items)",
    ]  # fmt: skip
    assert dict(figure.rows.select("category", "panel").rows()) == {"art": 0, "logic": 1}


def test_right_answers_and_those_outside_the_options_are_told_apart_in_two_ways():
    figure = categories(table(of("logic", 4)))
    assert set(figure.rows["measure"]) == {"exact match", "outside the options"}
    assert [(key.label, key.variable, key.line) for key in figure.keys] == [
        ("exact match", "--match", "solid"), ("outside the options", "--outside", "dashed"),
    ]  # fmt: skip
    line = figure.panels[0].chart.to_dict()["layer"][0]["encoding"]
    assert line["color"]["scale"]["range"] == ["var(--match)", "var(--outside)"]
    assert line["y"]["scale"]["domain"] == [0, 100]


def test_full_fine_tuning_stands_after_the_ranks_and_joins_no_line():
    figure = categories(table(of("logic", None), of("logic", 16), of("logic", 4)))
    line, *_ = figure.panels[0].chart.to_dict()["layer"]
    assert line["encoding"]["x"]["sort"] == ["4", "16", "full"]
    assert {"filter": "datum.place != 'full'"} in line["transform"]
    assert set(figure.rows.filter(family="Full")["place"]) == {"full"}


def test_only_the_best_recipe_and_what_was_scored_is_drawn():
    rows = table(
        of("logic", 4), of("logic", 8, best=False), of("logic", 16, mean=None),
        of("art", 8, mean=None),
    )  # fmt: skip
    figure = categories(rows)
    assert figure.rows["rank"].unique().to_list() == [4]
    assert len(figure.panels) == 1
    assert categories(rows.filter(pl.col("rank") == 16)) is None


def test_of_several_series_or_families_the_reader_chooses():
    one = categories(table(of("logic", 4)))
    assert one.selectors == ()
    more = {"series": "paper"}, {"series": "tuned"}
    both = categories(table(*(of("logic", 4, **each) for each in more)))
    assert [(each.name, each.options) for each in both.selectors] == [
        ("series", ("paper", "tuned")),
    ]  # fmt: skip
