"""Which weight matrices the figures of single matrices offer, and which they show first."""

import polars as pl

from rankscope.records.keys import BASE
from rankscope.report.chapters.intruders.counting import EPSILON
from rankscope.report.drawing.figure import Selector
from rankscope.report.evidence.tables import Tables

MOST = 32


def matrix_selector(tables: Tables) -> Selector:
    """Offer all matrices, or those of the first, middle and last layer of a large model.

    Shown first is the matrix with most intruders (left vectors, ε = 0.5) over all runs.
    """
    matrices = tables.matrices.select("matrix", "layer").unique().sort("layer", "matrix")
    if len(matrices) > MOST:
        layers = sorted(set(matrices["layer"].drop_nulls()))
        shown = {layers[0], layers[len(layers) // 2], layers[-1]}
        matrices = matrices.filter(pl.col("layer").is_in(shown))
    names = matrices["matrix"].to_list()
    intruding = (
        tables.vectors.filter(pl.col("side") == "left", pl.col("max_cosine") < EPSILON)
        .filter(pl.col("matrix").is_in(names))
        .group_by("matrix")
        .len()
        .sort(["len", "matrix"], descending=[True, False])
    )
    chosen = intruding["matrix"][0] if len(intruding) else names[0]
    return Selector("matrix", "weight matrix", tuple(names), str(chosen))


def first_done_runs(tables: Tables) -> pl.DataFrame:
    """The done run of lowest seed of every condition: run, condition, seed."""
    done = tables.runs.filter(pl.col("status") == "done", pl.col("family") != BASE)
    return (
        done.sort("seed", maintain_order=True)
        .unique(subset="condition", keep="first", maintain_order=True)
        .select("run", "condition")
    )
