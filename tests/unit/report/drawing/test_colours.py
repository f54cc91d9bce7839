"""The colours of methods: stable, told apart by hue and rank, also by those who see fewer hues."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from rankscope.report.drawing.colours import palette, variable

RANKS = (1, 4, 16, 64)
# Machado, Oliveira and Fernandes 2009, severity 1: linear RGB as it is seen
SEEN_BY = {
    "all": np.eye(3),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                        [-0.011820, 0.042940, 0.968881]]),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                        [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip


def runs(*families: str, ranks: tuple[int, ...] = RANKS) -> pl.DataFrame:
    rows = [("Base", None), ("Full", None), *((f, rank) for f in families for rank in ranks)]
    return pl.DataFrame(rows, schema=["family", "rank"], orient="row")


def lab(colour: str, eyes: str = "all") -> np.ndarray:
    """CIELAB (D65) of `#rrggbb`: lightness from 0 to 100, and two axes of hue."""
    srgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(SEEN_BY[eyes] @ linear, 0, 1) / [0.95047, 1.0, 1.08883]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_full_and_base_do_not_depend_on_what_else_there_is() -> None:
    few, many = palette(runs("LoRA α=2r", ranks=(1, 4))), palette(runs("LoRA α=8", "PiSSA α=r"))
    for family in ("Full", "Base"):
        assert few[variable(family, None)] == many[variable(family, None)]


def test_a_further_family_leaves_the_colours_of_the_first_alone() -> None:
    alone, two = palette(runs("LoRA α=2r")), palette(runs("LoRA α=2r", "LoRA α=8"))
    assert {name: two[name] for name in alone} == alone
    assert len(set(two.values())) == len(two) == 2 + 2 * len(RANKS)


@pytest.mark.parametrize("family", ["LoRA α=2r", "LoRA α=8", "PiSSA α=r", "rsLoRA α=r"])
def test_lightness_goes_with_rank(family: str) -> None:
    colours = palette(runs("LoRA α=2r", "LoRA α=8", "PiSSA α=r", "rsLoRA α=r"))
    for mode, falls in ((0, True), (1, False)):
        found = [lab(colours[variable(family, rank)][mode])[0] for rank in RANKS]
        assert found == sorted(found, reverse=falls)
        assert np.abs(np.diff(found)).min() > 5


@pytest.mark.parametrize("eyes", SEEN_BY)
@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_two_families_of_one_rank_and_full_are_told_apart_by_everyone(eyes: str, mode: int) -> None:
    colours = palette(runs("LoRA α=2r", "LoRA α=8"))
    for rank in RANKS:
        names = [variable("LoRA α=2r", rank), variable("LoRA α=8", rank), variable("Full", None)]
        seen = [lab(colours[name][mode], eyes) for name in names]
        # a difference of 2.3 is just noticeable side by side
        assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 10


def test_names_of_variables_are_ones_that_style_sheets_take() -> None:
    found = [variable("LoRA α=√r on q_proj, v_proj", 4), variable("LoRA α=0.5", 4)]
    assert found == ["--lora-a-sqrt-r-on-q-proj-v-proj-4", "--lora-a-0-5-4"]
    assert [variable("Base", None), variable("Full", None)] == ["--base", "--full"]
