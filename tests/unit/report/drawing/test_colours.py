"""Colours: one per method, ramps whose lightness falls with rank, hues by family."""

import re

import polars as pl
import pytest

from rankscope.records.keys import BASE
from rankscope.records.methods import FULL
from rankscope.report.drawing.colours import (
    BASE_COLOURS,
    FAMILY_RAMPS,
    FULL_COLOURS,
    SET_RAMPS,
    palette,
    ramp,
    variable,
)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True)))


def runs(**families: list[int]) -> pl.DataFrame:
    rows = [(BASE, None), (FULL, None)]
    rows += [(family, rank) for family, ranks in families.items() for rank in ranks]
    return pl.DataFrame(rows, schema={"family": pl.String, "rank": pl.Int64}, orient="row")


@pytest.mark.parametrize("ramps", [SET_RAMPS, *FAMILY_RAMPS])
@pytest.mark.parametrize("number", [2, 3, 7, 12])
def test_lightness_changes_in_one_direction_along_a_ramp(ramps, number):
    found = ramp([str(n) for n in range(number)], ramps)
    light, dark = ([luminance(pair[mode]) for pair in found.values()] for mode in (0, 1))
    assert light == sorted(light, reverse=True)
    assert dark == sorted(dark)
    assert len(set(light)) == number


def test_the_ends_of_a_ramp_are_its_own_colours():
    found = list(ramp(["a", "b", "c"]).values())
    assert found[0] == (SET_RAMPS[0][0], SET_RAMPS[1][0])
    assert found[-1] == (SET_RAMPS[0][-1], SET_RAMPS[1][-1])
    assert ramp([]) == {}


def test_every_method_of_a_study_has_one_colour_of_its_own():
    found = palette(runs(LoRA=[1, 4, 16], rsLoRA=[4, 16]))
    assert len(found) == 2 + 3 + 2
    assert found[variable(FULL, None)] == FULL_COLOURS
    assert found[variable(BASE, None)] == BASE_COLOURS
    assert len({pair[0] for pair in found.values()}) == len(found)
    assert found[variable("LoRA", 4)] != found[variable("rsLoRA", 4)]


@pytest.mark.parametrize("family", ["LoRA α = 2r", "LoRA α = √r", "PiSSA", "LoRA, frozen A"])
def test_a_variable_is_a_name_that_css_takes(family):
    assert re.fullmatch(r"--[a-z0-9-]+", variable(family, 16))
    assert variable(family, 16) != variable(family, 4)
    assert variable("LoRA α = 8", 4) != variable("LoRA α = √8", 4)
