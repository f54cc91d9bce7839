"""The colours of figures: one per method on the whole page, and ramps for other series.

Full fine-tuning is fixed, the base neutral. Each family of LoRA has a hue of its own, its ranks a
ramp whose lightness falls with rank, so that it survives colour blindness and grey print: the first
family of a study goes from teal to indigo, the second from sand to coffee; with these two, methods
at the same place of their ramps are told apart by every kind of colour vision, and so are they from
full fine-tuning (from the third on labels must help). Other series (training sets
from small to large, say) have a ramp of their own, from gold to purple. Charts name colours as CSS
variables (`var(--full)`): the page defines them for light, dark and print; standalone files get the
light ones.
"""

import re
from collections.abc import Sequence

import polars as pl

from rankscope.records.keys import BASE, PUBLISHED
from rankscope.records.methods import FULL
from rankscope.report.evidence.conditions import ranks_by_family

FULL_COLOURS = ("#c8410b", "#ff8f57")
PUBLISHED_COLOURS = ("#8a1c7c", "#e58be0")
BASE_COLOURS = ("#6f6f6f", "#a8a8a8")
Ramps = tuple[Sequence[str], Sequence[str]]  # light and dark, from the first to the last
SET_RAMPS: Ramps = (
    ("#c99a1c", "#cf6a3f", "#a8386e", "#46226e"),
    ("#9c7a2e", "#d9774f", "#e58fbe", "#d9ccff"),
)
FAMILY_RAMPS: tuple[Ramps, ...] = (
    (("#62bfa4", "#2499b0", "#2a6cb0", "#37388f"), ("#2f8a77", "#2fa5bd", "#7ab8f5", "#d3ccff")),
    (("#cfa57c", "#a97a4a", "#7c5228", "#4a2f14"), ("#93653a", "#b98a5a", "#d8b288", "#f2dfc8")),
    (("#b5b33a", "#8f9422", "#66701c", "#3b4413"), ("#7d8320", "#a3a832", "#c9cb5e", "#ecebb4")),
    (("#e58fbf", "#d0559c", "#a32f7c", "#651650"), ("#b8468a", "#dc6cae", "#f19fce", "#fcd7ec")),
)


def variable(family: str, rank: int | None) -> str:
    """Name of the CSS variable with the colour of a family's methods of a rank."""
    plain = family.lower().replace("α", "a").replace("√", "sqrt-")
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return f"--{name}" if rank is None else f"--{name}-{rank}"


def palette(runs: pl.DataFrame) -> dict[str, tuple[str, str]]:
    """Map the colour variable of each method of a study to its value in light and in dark mode.

    Families have their hues in the order in which the study has them; a fifth begins anew.
    """
    colours = {variable(BASE, None): BASE_COLOURS, variable(FULL, None): FULL_COLOURS}
    if PUBLISHED in runs["family"]:
        colours[variable(PUBLISHED, None)] = PUBLISHED_COLOURS
    for number, (family, ranks) in enumerate(ranks_by_family(runs).items()):
        names = [variable(family, rank) for rank in ranks]
        colours |= ramp(names, FAMILY_RAMPS[number % len(FAMILY_RAMPS)])
    return colours


def ramp(names: Sequence[str], ramps: Ramps = SET_RAMPS) -> dict[str, tuple[str, str]]:
    """Spread the names evenly over a light and a dark ramp; a single one stands at 0.6."""
    last = len(names) - 1
    shares = [number / last if last else 0.6 for number in range(len(names))]
    light, dark = ramps
    return {
        name: (_along(light, share), _along(dark, share))
        for name, share in zip(names, shares, strict=True)
    }


def _along(ramp: Sequence[str], share: float) -> str:
    """Interpolate linearly between the stops of a ramp of `#rrggbb`."""
    position = share * (len(ramp) - 1)
    first = min(int(position), len(ramp) - 2)
    mix = position - first
    pairs = zip(_rgb(ramp[first]), _rgb(ramp[first + 1]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * mix):02x}" for a, b in pairs)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
