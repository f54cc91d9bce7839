"""The paper's printed tables against what else is known of them: its own text and its trends."""

import polars as pl
import pytest

from rankscope.report.chapters.mixtures.paper import METRICS, is_of_the_paper, printed_scores

MIXTURES = ("T100", "T250", "T500", "Tall")
RANKS = [4 * 2**power for power in range(11)]


def column(kind: str, mixture: str, metric: str) -> tuple[list[float], float]:
    """Scores by rank, and that of full fine-tuning."""
    rows = printed_scores().filter(
        pl.col("test_kind") == kind, pl.col("mixture") == mixture, pl.col("metric") == metric
    )
    loras = rows.drop_nulls("rank").sort("rank")
    assert loras["rank"].to_list() == RANKS
    return loras["percent"].to_list(), rows.filter(pl.col("rank").is_null())["percent"].item()


def test_both_tables_are_there_in_full():
    assert len(printed_scores()) == 2 * 12 * 4 * 2
    assert printed_scores()["percent"].is_between(20, 70).all()


@pytest.mark.parametrize(
    ("kind", "mixture", "metric", "total"),
    [
        # 29.86 + 31.28 + 34.37 + 37.81 + 39.05 + 40.94 + 43.70 + 45.80 + 47.75 + 49.46 + 50.55
        # + 51.57, and 42.22 + 42.63 + 42.46 + 43.07 + 43.37 + 44.41 + 44.75 + 45.53 + 46.96
        # + 47.87 + 48.36 + 46.71
        ("intra", "T100", "exact_match", 502.14),
        ("inter", "Tall", "rouge_l", 538.34),
    ],
)
def test_a_column_of_each_table_adds_up_to_what_the_paper_prints(kind, mixture, metric, total):
    scores, full = column(kind, mixture, metric)
    assert sum(scores) + full == pytest.approx(total, abs=0.001)


@pytest.mark.parametrize("mixture", MIXTURES)
@pytest.mark.parametrize("metric", METRICS)
def test_scores_on_seen_tasks_rise_with_every_rank_on_unseen_ones_they_do_not(mixture, metric):
    seen, _ = column("intra", mixture, metric)
    unseen, _ = column("inter", mixture, metric)
    assert seen == sorted(set(seen))
    assert unseen != sorted(set(unseen))


@pytest.mark.parametrize(
    ("metric", "crossings"),
    [("exact_match", [8, 1024, 2048, 2048]), ("rouge_l", [4, 128, 512, 1024])],
)
def test_the_rank_from_which_lora_beats_full_on_unseen_tasks(metric, crossings):
    found = []
    for mixture in MIXTURES:
        scores, full = column("inter", mixture, metric)
        found.append(next(r for r, score in zip(RANKS, scores, strict=True) if score > full))
    assert found == crossings


def test_the_crossing_of_the_smallest_mixture_does_not_last():
    scores, full = column("inter", "T100", "exact_match")
    assert scores[RANKS.index(16)] == full
    assert scores[RANKS.index(32)] < full


@pytest.mark.parametrize(
    ("metric", "gaps"),
    [("exact_match", [12.5, 11.8, 11.1, 10.4]), ("rouge_l", [9.8, 8.6, 7.9, 7.1])],
)
def test_what_rank_64_lacks_on_seen_tasks(metric, gaps):
    for mixture, gap in zip(MIXTURES, gaps, strict=True):
        scores, full = column("intra", mixture, metric)
        assert full - scores[RANKS.index(64)] == pytest.approx(gap, abs=0.06)


def test_more_tasks_are_better_in_every_row():
    for kind in ("intra", "inter"):
        for metric in METRICS:
            few, few_full = column(kind, "T100", metric)
            many, many_full = column(kind, "Tall", metric)
            assert all(a < b for a, b in zip([*few, few_full], [*many, many_full], strict=True))


@pytest.mark.parametrize(
    ("metric", "leads"), [("rouge_l", (4.87, 1.65)), ("exact_match", (2.61, 0.54))]
)
def test_the_lead_of_the_highest_rank_on_unseen_tasks_shrinks_with_more_tasks(metric, leads):
    for mixture, lead in zip(("T100", "Tall"), leads, strict=True):
        scores, full = column("inter", mixture, metric)
        assert scores[-1] - full == pytest.approx(lead, abs=0.005)


def test_a_small_collection_of_all_tasks_is_not_the_papers():
    assert is_of_the_paper("Tall", 757, 75_700, "niv2")
    assert not is_of_the_paper("Tall", 57, 5_700, "niv2")
    assert not is_of_the_paper("Tall", None, None, "niv2")
    assert is_of_the_paper("T100", 100, 10_000, "niv2-hub")
    assert not is_of_the_paper("T*100", 100, 25_000, "niv2")
    assert not is_of_the_paper(None, None, None, None)


def test_other_tasks_or_fewer_examples_of_each_are_not_the_papers():
    assert not is_of_the_paper("T100", 100, 10_000, "made-tasks")
    assert not is_of_the_paper("T100", 100, 1_000, "niv2")
