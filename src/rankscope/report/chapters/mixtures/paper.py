"""Tables 1 and 2 of the multi-task paper: the scores it prints, by rank and mixture.

Guarantees: numbers as printed, in per cent. They come from `paper.csv`, which names the tables.
Not here: Figures 4 and 5, whose values the paper does not print.
"""

from pathlib import Path

import polars as pl

NAME = "*Beyond Full Fine-tuning*"
METRICS = ("exact_match", "rouge_l")
COLLECTIONS = ("niv2", "niv2-hub")
EXAMPLES_PER_TASK = 100
ALL_TASKS = 700  # the paper trains `Tall` on 757 tasks by its text, on 756 by its Figure 1


def printed_scores() -> pl.DataFrame:
    """Return the printed scores: test_kind, mixture, rank (null: full), metric, percent."""
    text = Path(__file__).with_name("paper.csv").read_text("utf-8")
    wide = pl.read_csv(text.encode(), comment_prefix="#", schema_overrides={"rank": pl.Int64})
    long = wide.unpivot(
        index=["tests", "rank"], variable_name="column", value_name="percent"
    ).with_columns(pl.col("column").str.split(" "))
    return long.select(
        pl.col("tests").alias("test_kind"),
        pl.col("column").list.get(0).alias("mixture"),
        "rank",
        pl.col("column").list.get(1).alias("metric"),
        "percent",
    )


def is_of_the_paper(
    mixture: str | None, tasks: int | None, examples: int | None, collection: str | None
) -> bool:
    """Whether a training set is one of the paper's: its tasks, as many, and as many examples."""
    if collection not in COLLECTIONS or tasks is None or examples != EXAMPLES_PER_TASK * tasks:
        return False
    if mixture == "Tall":
        return tasks >= ALL_TASKS
    return mixture in ("T100", "T250", "T500")
