"""What figures and pages list: the conditions of a table of runs, and their learning rates."""

from collections.abc import Sequence

import polars as pl

from rankscope.records.keys import NOT_TRAINED
from rankscope.records.methods import FULL


def families_of(runs: pl.DataFrame) -> list[str]:
    """The families of the trained runs: full fine-tuning first, then as the study has them."""
    found: list[str] = runs["family"].drop_nulls().unique(maintain_order=True).to_list()
    trained = [family for family in found if family not in NOT_TRAINED]
    return sorted(trained, key=lambda each: each != FULL)


def place_of(families: Sequence[str]) -> pl.Expr:
    """The place of a row's family among `families`: what rows of several are sorted by."""
    places = {family: place for place, family in enumerate(families)}
    return pl.col("family").replace_strict(places, default=-1, return_dtype=pl.Int64)


def ranks_by_family(runs: pl.DataFrame) -> dict[str, list[int]]:
    """The ranks of each family of LoRA, ascending."""
    return {
        family: runs.filter(family=family)["rank"].drop_nulls().unique().sort().to_list()
        for family in families_of(runs)
        if family != FULL
    }


def conditions_of(runs: pl.DataFrame) -> pl.DataFrame:
    """Conditions of the table `runs`: full fine-tuning first, then family by family, by rank."""
    trained = runs.filter(~pl.col("family").is_in(NOT_TRAINED))
    columns = ["condition", "family", "method", "rank", "learning_rate"]
    return (
        trained.select(columns)
        .unique(subset="condition", keep="first", maintain_order=True)
        .sort(place_of(families_of(runs)), "rank", "learning_rate", maintain_order=True)
    )


def rates_note(runs: pl.DataFrame, tuned_in: str | None, of_several: str) -> str:
    """Say which learning rates were used: rank, alpha and learning rate are confounded.

    `tuned_in` is the study whose sweep chose them; `of_several` says what a figure shows of a
    method with several recipes. Each series of runs is told by itself.
    """
    trained = runs.filter(~pl.col("family").is_in(NOT_TRAINED))
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
        trained.sort(place_of(families_of(trained)), "rank", maintain_order=True)
        .group_by("method", "family", maintain_order=True)
        .agg(pl.col("learning_rate").unique().sort())
    )
    written = [
        (method, family != FULL, " or ".join(f"{rate:g}" for rate in of))
        for method, family, of in rates.iter_rows()
    ]
    of_loras = {text for _, lora, text in written if lora}
    if len(of_loras) == 1:
        parts = [f"{method} {text}" for method, lora, text in written if not lora]
        parts.append(f"LoRA {of_loras.pop()} at every rank")
    else:
        parts = [f"{method} {text}" for method, _, text in written]
    return ", ".join(parts)
