"""Rows of analyses: their keys, counts by hand, and columns that an empty table has too."""

import numpy as np
import polars as pl
import pytest

from counted import Counted
from rankscope.spectra.engine.analysis import MatrixAnalysis
from rankscope.spectra.engine.comparison import Comparison, SideComparison
from rankscope.spectra.engine.measures import UpdateMeasures
from rankscope.spectra.tables import TableBuilder
from rankscope.weights.layouts.layout import Parameter, Piece
from rankscope.weights.matrices import Matrix
from rankscope.weights.updates import LeftOut

KEYS = {"run": pl.String, "step": pl.Int64}
WANTED = Counted(ks=(1, 3), epsilons=(0.3, 0.6), similarity_size=2)
TABLES = ["matrices", "intruders", "vectors", "similarity", "left_out"]


def matrix(name="layers.0.q_proj"):
    tensor = f"{name}.weight"
    piece = Piece(tensor, tensor, (4, 6))
    return Matrix(name, piece, Parameter(tensor, "linear"), None, 0, "q_proj", (4, 6))


def side(cosines, similarity):
    return SideComparison(
        np.array([3.0, 2, 1]), np.array(cosines), np.array([1, 0, 3]), np.full(3, 1e-9),
        np.array(similarity),
    )  # fmt: skip


ANALYSIS = MatrixAnalysis(
    UpdateMeasures(2, 1.5, 2, 0.9, 5.0, 4.0),
    Comparison(
        side([0.2, 0.5, 0.9], [[0.1, 0.2], [0.3, 0.4]]), side([0.7, 0.1, 0.2], [[0.5] * 2] * 2),
        "gram",
    ),
    10.0,
)  # fmt: skip


@pytest.fixture
def tables():
    builder = TableBuilder(KEYS, WANTED)
    builder.add(("a", 5), matrix(), "F32", "BF16", ANALYSIS)
    builder.add(("a", 10), matrix("layers.1.q_proj"), "F32", "BF16", ANALYSIS)
    builder.leave_out(("a", 5), [LeftOut("norm.weight", "norms", "no matrix", (4,), True)])
    return builder.tables()


def test_every_table_begins_with_the_keys(tables):
    assert [name for name, _ in tables.items()] == TABLES
    for _, rows in tables.items():
        assert rows.columns[:2] == ["run", "step"]
        assert rows["step"].is_in([5, 10]).all()


def test_intruders_are_counted_for_every_k_and_threshold(tables):
    counts = tables.intruders.filter(step=5).select("side", "k", "epsilon", "intruders").rows()
    assert set(counts) == {
        ("left", 1, 0.3, 1), ("left", 1, 0.6, 1), ("left", 3, 0.3, 1), ("left", 3, 0.6, 2),
        ("right", 1, 0.3, 0), ("right", 1, 0.6, 0), ("right", 3, 0.3, 2), ("right", 3, 0.6, 2),
    }  # fmt: skip


def test_vectors_count_from_one_and_an_unknown_base_vector_is_none(tables):
    rows = tables.vectors.filter(step=10, side="left")
    assert rows["j"].to_list() == [1, 2, 3]
    assert rows["base_index"].to_list() == [1, None, 3]
    assert rows["way"].unique().to_list() == ["gram"]


def test_cells_of_a_map_keep_their_place(tables):
    cells = tables.similarity.filter(step=5, side="left").select("i", "j", "cosine").rows()
    assert cells == [(1, 1, 0.1), (1, 2, 0.2), (2, 1, 0.3), (2, 2, 0.4)]
    assert tables.similarity.height == 2 * 2 * 4


def test_a_matrix_has_its_measures_and_precisions(tables):
    (row,) = tables.matrices.filter(step=5).rows(named=True)
    assert row == {
        "run": "a", "step": 5, "matrix": "layers.0.q_proj", "module_type": "q_proj", "layer": 0,
        "rows": 4, "columns": 6, "update_rank": 2, "effective_rank": 1.5, "rank90": 2,
        "rank90_of_noise": 0.9, "frobenius_norm": 5.0, "spectral_norm": 4.0,
        "base_frobenius_norm": 10.0, "precision": "F32", "base_precision": "BF16", "way": "gram",
    }  # fmt: skip
    (left_out,) = tables.left_out.rows(named=True)
    assert left_out["shape"] == [4]
    assert left_out["changed"] is True


def test_empty_tables_have_the_columns_of_full_ones(tables):
    empty = dict(TableBuilder(KEYS, WANTED).tables().items())
    for name, rows in tables.items():
        assert empty[name].height == 0
        assert empty[name].schema == rows.schema, name
