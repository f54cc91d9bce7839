"""The table and the page of category proportions."""

import polars as pl

from rankscope.data.niv2.proportions import SCHEMA, proportions, proportions_page
from rankscope.data.niv2.sampling import Candidate, Draw, TaskPool


def pool(name: str, category: str) -> TaskPool:
    return TaskPool(name, category, (Candidate("i", "h"),))


def test_asked_and_obtained_are_counted_apart():
    pools = [pool("a1", "A"), pool("a2", "A"), pool("a3", "A"), pool("b1", "B <&>")]
    draws = [Draw("a1", "A", "i", "h"), Draw("a1", "A", "j", "h"), Draw("b1", "B <&>", "i", "h")]
    table = proportions(pools, draws, size=2, examples_per_task=2)
    assert table.schema == SCHEMA
    assert table.rows() == [("A", 3, 0.75, 1.5, 1, 3.0, 2), ("B <&>", 1, 0.25, 0.5, 1, 1.0, 1)]
    page = proportions_page("Proportions of T2", {"Rows": 3}, table)
    assert "<td>B &lt;&amp;&gt;</td><td>1</td><td>25.0%</td><td>0.50</td><td>1</td>" in page
    assert "Rows: 3" in page


def test_a_category_that_got_nothing_stays_in_the_table():
    table = proportions([pool("a", "A"), pool("b", "B")], [Draw("a", "A", "i", "h")], 1, 1)
    assert table.filter(pl.col("category") == "B")["obtained_tasks"].to_list() == [0]
