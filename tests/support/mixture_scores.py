"""Rows of the table of scores by method and mixture, written by hand."""

import polars as pl

from rankscope.report.chapters.mixtures.tables import MIXTURE_SCORES


def score(rank: int | None, over_full: tuple[float, float, float] | None = None, **columns) -> dict:
    """A row of the table of scores: exact match on seen tasks after training on T100."""
    label = "Full" if rank is None else f"LoRA r={rank}"
    over, low, high = over_full or (None, None, None)
    common = 0 if over is None else 3
    return {
        "series": "", "trained_on": "T100", "mixture": "T100", "tasks": 100, "examples": 10_000,
        "collection": "niv2", "shown": True, "of_fixed_total": False,
        "trainable_percent": (rank or 0) / 16,
        "test_kind": "intra", "metric": "exact_match", "condition": f"{label} on T100",
        "label": label, "family": "Full" if rank is None else "LoRA α=2r", "rank": rank,
        "learning_rate": 1e-3, "best": True,
        "seeds": 3, "planned": 3,
        "items": 100, "mean": 50.0, "low": 48.0, "high": 52.0,
        "over_full": over, "over_full_low": low, "over_full_high": high,
        "over_full_seeds": common, "leads": False,
    } | columns  # fmt: skip


def table(*rows: dict) -> pl.DataFrame:
    """The table of these rows."""
    return pl.DataFrame(list(rows), schema=MIXTURE_SCORES)
