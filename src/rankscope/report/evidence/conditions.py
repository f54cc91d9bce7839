"""What figures and pages list: the conditions of a table of runs, and their learning rates."""

import polars as pl

from rankscope.records.keys import BASE


def conditions_of(runs: pl.DataFrame) -> pl.DataFrame:
    """Conditions of the table `runs` with method and rank: full fine-tuning first, then by rank."""
    trained = runs.filter(pl.col("method") != BASE)
    columns = ["condition", "method", "rank", "learning_rate"]
    return (
        trained.select(columns)
        .unique(subset="condition", keep="first", maintain_order=True)
        .sort(pl.col("rank").fill_null(0), "learning_rate", maintain_order=True)
    )


def rates_note(runs: pl.DataFrame, tuned_in: str | None, of_several: str) -> str:
    """Say which learning rates were used: rank, alpha and learning rate are confounded.

    `tuned_in` is the study whose sweep chose them; `of_several` says what a figure shows of a
    method with several recipes. Each series of runs is told by itself.
    """
    trained = runs.filter(pl.col("method") != BASE)
    of = trained["series"].fill_null("")
    series = [label for label in of.unique(maintain_order=True) if label]
    if not series:
        told = _rates(trained, of_several)
    else:
        each = ((label, trained.filter(of.is_in(["", label]))) for label in series)
        told = "; ".join(f"series {label}: {_rates(part, of_several)}" for label, part in each)
    origin = f"tuned in the study {tuned_in}" if tuned_in else "set by the study, not tuned in it"
    return f"Learning rates: {told}; {origin}."


def _rates(trained: pl.DataFrame, of_several: str) -> str:
    recipes = trained.group_by("method", "trained_on").agg(pl.col("treatment").n_unique())
    if recipes["treatment"].max() != 1:
        return f"several, or several recipes, per method, {of_several}"
    rates = (
        trained.sort(pl.col("rank").fill_null(0))
        .group_by("method", "rank", maintain_order=True)
        .agg(pl.col("learning_rate").unique().sort())
    )
    written = [
        (method, rank is not None, " or ".join(f"{rate:g}" for rate in of))
        for method, rank, of in rates.iter_rows()
    ]
    of_loras = {text for _, lora, text in written if lora}
    if len(of_loras) == 1:
        parts = [f"{method} {text}" for method, lora, text in written if not lora]
        parts.append(f"LoRA {of_loras.pop()} at every rank")
    else:
        parts = [f"{method} {text}" for method, _, text in written]
    return ", ".join(parts)
