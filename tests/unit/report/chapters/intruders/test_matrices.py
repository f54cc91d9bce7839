"""Which weight matrices figures of single matrices offer, and which runs they show."""

import pytest

from evidence_builder import EvidenceBuilder, tables_of
from rankscope.report.chapters.intruders.matrices import MOST, first_done_runs, matrix_selector


def analysed(layers: int, intruding: dict[int, int]) -> EvidenceBuilder:
    """A run with one matrix per layer, some with vectors that intrude."""
    builder = EvidenceBuilder()
    run = builder.run(1, 0)
    builder.intruders(run, 5, [0] * layers)
    for layer in range(layers):
        for number in range(3):
            cosine = 0.1 if number < intruding.get(layer, 0) else 0.9
            builder.vector(run, 5, layer, sigma=1.0, max_cosine=cosine)
    return builder


def test_a_small_model_offers_all_matrices_and_begins_with_the_one_of_most_intruders():
    selector = matrix_selector(tables_of(analysed(4, {1: 1, 2: 3})))
    assert selector.options == tuple(f"{layer}.q_proj" for layer in range(4))
    assert selector.chosen == "2.q_proj"


@pytest.mark.parametrize("layers", [MOST + 1, 40])
def test_a_large_model_offers_the_first_the_middle_and_the_last_layer(layers):
    selector = matrix_selector(tables_of(analysed(layers, {3: 3})))
    ends = (0, layers // 2, layers - 1)
    assert selector.options == tuple(f"{layer}.q_proj" for layer in ends)
    assert selector.chosen in selector.options, "most intruders are in a matrix not offered"


def test_without_intruders_the_first_matrix_is_shown():
    assert matrix_selector(tables_of(analysed(3, {}))).chosen == "0.q_proj"


def test_the_run_shown_is_the_done_one_of_the_lowest_seed():
    builder = EvidenceBuilder()
    builder.run(4, 0, status="diverged")
    kept = [builder.run(4, 2), builder.run(None, 0)]
    builder.run(4, 3)
    shown = first_done_runs(tables_of(builder))
    assert set(shown["run"]) == set(kept)
    assert set(shown["condition"]) == {"LoRA r=4", "Full"}
