"""The inspection as a table in the terminal."""

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table

from rankscope.weights.updates import LeftOut, told


def summarise(matrices: pl.DataFrame) -> pl.DataFrame:
    """One row per adapter and module type, and one per adapter over all of its matrices.

    What was not changed is counted (`all_matrices`) and in no other number.
    """
    every = matrices.group_by("adapter", maintain_order=True)
    counts = pl.concat([
        matrices.group_by("adapter", "module_type", maintain_order=True).agg(
            pl.len().alias("all_matrices")
        ),
        every.agg(pl.lit("all").alias("module_type"), pl.len().alias("all_matrices")),
    ])  # fmt: skip
    order = {
        adapter: i for i, adapter in enumerate(matrices["adapter"].unique(maintain_order=True))
    }
    matrices = matrices.filter(pl.col("frobenius_norm") != 0)
    measures = [
        pl.len().alias("matrices"),
        pl.col("rank").max().alias("rank"),
        pl.col("intruders_left").sum(),
        pl.col("intruders_right").sum(),
        pl.col("undecided").sum(),
        pl.col("effective_rank").median(),
        pl.col("rank90").median(),
        (pl.col("frobenius_norm") / pl.col("base_frobenius_norm")).median().alias("change"),
    ]
    by_type = matrices.group_by("adapter", "module_type", maintain_order=True).agg(measures)
    total = matrices.group_by("adapter", maintain_order=True).agg(
        pl.lit("all").alias("module_type"), *measures
    )
    counted = pl.col("matrices", "intruders_left", "intruders_right", "undecided").fill_null(0)
    summary = counts.join(
        pl.concat([by_type, total]), on=["adapter", "module_type"], how="left",
        maintain_order="left",
    ).with_columns(counted)  # fmt: skip
    return summary.sort(
        pl.col("adapter").replace_strict(order), pl.col("module_type") == "all",
        maintain_order=True,
    )  # fmt: skip


def quantisation_note(matrices: pl.DataFrame) -> str | None:
    """Say what was dequantised before it was compared; None where nothing is quantised."""
    stored = {"base": matrices.unique("matrix")["base_precision"], "tuned": matrices["precision"]}
    notes = [
        f"{count} of {len(precisions)} {which} matrices"
        for which, precisions in stored.items()
        if (count := int((precisions == "dequantised").sum()))
    ]
    return f"Stored quantised, compared dequantised: {', '.join(notes)}" if notes else None


def interval_note(matrices: pl.DataFrame) -> str | None:
    """Say how many cosines are known as intervals alone; None where all are values."""
    count = int(matrices["intervals"].sum())
    if not count:
        return None
    return (
        f"Of {count} vectors the largest cosine is known as an interval only (is_interval in "
        "vectors.parquet), which decides whether they are intruders; with --cache it is a value"
    )


def of_all(changed: int, every: int) -> str:
    """Say how many matrices were changed, of how many where some were not."""
    return str(changed) if changed == every else f"{changed} of {every}"


def left_out_lines(left_out: pl.DataFrame, adapter: str) -> list[str]:
    """Say what is not analysed of an adapter, one line per kind and reason."""
    rows = left_out.filter(pl.col("adapter") == adapter)
    return told(
        LeftOut(name, kind, reason, tuple(shape), changed)
        for name, kind, shape, changed, reason in rows.drop("adapter").iter_rows()
    )


def print_table(matrices: pl.DataFrame, left_out: pl.DataFrame, k: int, epsilon: float) -> None:
    """Print one table per adapter; medians over changed matrices, sums of intruders."""
    console = Console(markup=False)  # names of modules and folders hold brackets
    console.print(
        f"Intruder dimensions among the top {k} singular vectors, ε = {epsilon:g} "
        "(left and right; open: ε lies within the error bound); unchanged matrices are counted "
        "and enter no other number"
    )
    if note := quantisation_note(matrices):
        console.print(note)
    if note := interval_note(matrices):
        console.print(note)
    for (adapter,), rows in summarise(matrices).group_by("adapter", maintain_order=True):
        table = Table(
            title=str(adapter), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
        )
        table.add_column("matrices")
        for name in ("count", "rank", "left", "right", "open", "eff. rank", "rank 90%", "ΔW/W"):
            table.add_column(name, justify="right")
        for row in rows.iter_rows(named=True):
            table.add_row(
                row["module_type"], of_all(row["matrices"], row["all_matrices"]),
                "–" if row["rank"] is None else str(row["rank"]),
                str(row["intruders_left"]), str(row["intruders_right"]), str(row["undecided"]),
                _number(row["effective_rank"], ".1f"), _number(row["rank90"], ".0f"),
                _number(row["change"], ".3g"),
                style="bold" if row["module_type"] == "all" else None,
            )  # fmt: skip
        console.print(table)
        for line in left_out_lines(left_out, str(adapter)):
            console.print(f"left out: {line}", markup=False, highlight=False)


def _number(value: float | None, layout: str) -> str:
    return "–" if value is None else format(value, layout)
