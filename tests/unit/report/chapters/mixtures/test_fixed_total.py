"""Scores against tasks at one number of examples: which mixtures and methods have a line."""

from mixture_scores import score, table
from rankscope.report.chapters.mixtures.fixed_total import fixed_total


def on(tasks: int, examples: int, rank: int | None, **columns) -> dict:
    label = f"T*{tasks}"
    said = "Full" if rank is None else f"LoRA r={rank}"
    size = {"trained_on": label, "mixture": label, "tasks": tasks, "examples": examples}
    return score(rank, **size | {"of_fixed_total": True, "condition": said} | columns)


def test_of_several_sizes_that_of_most_mixtures_is_drawn():
    rows = [on(tasks, 500, 4) for tasks in (5, 50)]
    rows += [on(tasks, 25_000, 4) for tasks in (10, 100, 1000)]
    figure = fixed_total(table(*rows))
    assert figure.rows["tasks"].to_list() == [10, 100, 1000]
    assert "25\u202f000 examples" in figure.caption


def test_a_method_on_one_mixture_of_the_size_has_no_line():
    rows = [on(tasks, 500, rank) for tasks in (5, 50) for rank in (None, 4)]
    figure = fixed_total(table(*rows, on(5, 500, 64), on(50, 500, 8, mean=None), on(5, 500, 8)))
    assert figure.rows["condition"].unique(maintain_order=True).to_list() == ["Full", "LoRA r=4"]
    colours = figure.panels[0].chart.to_dict()["layer"][0]["encoding"]["color"]["scale"]
    assert colours["domain"] == ["Base", "Full", "LoRA r=4"]


def test_methods_stand_apart_around_their_number_of_tasks():
    rows = [on(tasks, 500, rank) for tasks in (5, 50) for rank in (None, 4, 8)]
    shown = fixed_total(table(*rows)).rows.filter(tasks=50)
    x = dict(shown.select("condition", "x").rows())
    assert x["LoRA r=4"] == 50
    assert x["Full"] < 50 < x["LoRA r=8"]


def test_there_is_a_panel_for_each_kind_of_tests_and_metric_that_was_measured():
    rows = [on(tasks, 500, 4) for tasks in (5, 50)]
    rows += [on(tasks, 500, 4, test_kind="inter", metric="rouge_l") for tasks in (5, 50)]
    figure = fixed_total(table(*rows))
    assert [panel.title for panel in figure.panels] == [
        "exact match, seen tasks", "ROUGE-L, unseen tasks",
    ]  # fmt: skip
    y = figure.panels[0].chart.to_dict()["layer"][0]["encoding"]["y"]
    assert 0 <= y["scale"]["domain"][0] < 48.0
    assert 52.0 < y["scale"]["domain"][1] <= 100


def test_without_two_mixtures_of_one_size_there_is_no_figure():
    assert fixed_total(table(on(5, 500, 4), on(50, 600, 4))) is None
    assert (
        fixed_total(table(*(on(tasks, 500, 4, of_fixed_total=False) for tasks in (5, 50)))) is None
    )
    assert fixed_total(table()) is None
