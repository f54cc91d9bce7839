"""The choice of way follows size, rank, number of vectors and number of versions."""

import pytest

from rankscope.spectra.engine import choice


@pytest.mark.parametrize(
    ("smaller_side", "rank", "k", "way"),
    [
        (128, 4, 10, "gram"),
        (4096, 8, 10, "low-rank"),
        (4096, 256, 10, "low-rank"),
        (4096, 2048, 10, "dense-certified"),
        (4096, None, 10, "dense-certified"),
        (4096, 8, 1000, "gram"),
        (384, 8, 10, "low-rank"),
        (384, 128, 10, "gram"),
        (384, None, 10, "dense-certified"),
    ],
)
def test_way(smaller_side, rank, k, way):
    assert choice.choose_way(smaller_side, rank, k) == way


def test_the_number_of_versions_decides():
    assert not choice.decompose_base(4096, 1, 10, cached=False)
    assert choice.decompose_base(4096, 1, 10, cached=True)
    assert choice.decompose_base(4096, 50, 10, cached=False)
    assert choice.decompose_base(128, 1, 10, cached=False)
    assert choice.decompose_base(4096, 1, 500, cached=False)


def test_single_precision_pays_for_many_columns_and_few_decisions():
    assert choice.single_precision_pays(4096, 1024, 10)
    assert not choice.single_precision_pays(4096, 16, 10)
    assert not choice.single_precision_pays(4096, 1024, 490)
    assert not choice.single_precision_pays(768, 1024, 10)
