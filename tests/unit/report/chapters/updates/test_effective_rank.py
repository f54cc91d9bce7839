"""Effective ranks as drawn, by kind of matrix and layer."""

import math

from evidence_builder import EvidenceBuilder, tables_of
from rankscope.report.chapters.updates.effective_rank import effective_rank


def builder() -> EvidenceBuilder:
    """Two seeds of LoRA and two kinds of matrices, at two steps; another run diverged."""
    found = EvidenceBuilder()
    for seed, status in ((0, "done"), (1, "done"), (2, "diverged")):
        run = found.run(4, seed, status=status)
        for step in (1, 2):
            for kind, value in (("up_proj", 2.0), ("q_proj", 1.0)):
                found.matrix(run, step, 0, kind, effective_rank=value * step + 0.5 * seed)
    return found


def test_means_are_over_done_seeds_at_the_last_step_with_their_range():
    rows = effective_rank(tables_of(builder())).rows
    means = rows.filter(kind="mean").sort("module_type")
    assert means.select("module_type", "effective_rank", "low", "high").rows() == [
        ("q_proj", 2.25, 2.0, 2.5), ("up_proj", 4.25, 4.0, 4.5),
    ]  # fmt: skip
    assert rows.filter(kind="seed").height == 6
    assert "diverged" in rows["status"].to_list()


def test_attention_comes_before_mlp_and_unknown_kinds_last():
    found = builder()
    for kind in ("another", "down_proj", "o_proj"):
        found.matrix("LoRA r=4 0.001 0 code", 2, 0, kind)
    titles = [panel.title for panel in effective_rank(tables_of(found)).panels]
    assert titles == ["q_proj", "o_proj", "up_proj", "down_proj", "another"]


def test_the_axis_is_logarithmic_and_holds_every_seed():
    figure = effective_rank(tables_of(builder()))
    for panel in figure.panels:
        y = panel.chart.to_dict()["layer"][0]["encoding"]["y"]
        assert y["scale"]["type"] == "log"
        low, high = y["scale"]["domain"]
        assert 0 < low < figure.rows["effective_rank"].min()
        assert high > figure.rows["effective_rank"].max()


def test_a_matrix_that_did_not_change_has_no_rank():
    still = EvidenceBuilder()
    run = still.run(4, 0)
    for number, value in enumerate((0.0, math.nan)):
        still.matrix(run, 1, number, effective_rank=value)
    assert effective_rank(tables_of(still)) is None
    still.matrix(run, 1, 2, effective_rank=3.0)
    assert set(effective_rank(tables_of(still)).rows["layer"]) == {2}
