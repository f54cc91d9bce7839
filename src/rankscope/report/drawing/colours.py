"""The colours of figures: one per method on the whole page, and ramps for other series.

Full fine-tuning is fixed, the base neutral, the ranks a ramp from teal to indigo whose lightness
falls with rank, so that it survives colour blindness and grey print; other series (training sets
from small to large, say) have a ramp of their own, from gold to purple. Charts name colours as CSS
variables (`var(--full)`): the page defines them for light, dark and print; standalone files get the
light ones.
"""

from collections.abc import Sequence

from rankscope.records.keys import BASE

FULL_COLOURS = ("#c8410b", "#ff8f57")
BASE_COLOURS = ("#6f6f6f", "#a8a8a8")
Ramps = tuple[Sequence[str], Sequence[str]]  # light and dark, from the first to the last
SET_RAMPS: Ramps = (
    ("#c99a1c", "#cf6a3f", "#a8386e", "#46226e"),
    ("#9c7a2e", "#d9774f", "#e58fbe", "#d9ccff"),
)
RAMPS: Ramps = (
    ("#62bfa4", "#2499b0", "#2a6cb0", "#37388f"),
    ("#2f8a77", "#2fa5bd", "#7ab8f5", "#d3ccff"),
)


def variable(condition: str, method_rank: int | None) -> str:
    """Name of the CSS variable with a condition's colour."""
    if condition == BASE:
        return "--base"
    return "--full" if method_rank is None else f"--lora-{method_rank}"


def palette(ranks: Sequence[int]) -> dict[str, tuple[str, str]]:
    """Map the colour variable of each method to its value in light and in dark mode."""
    colours = {"--base": BASE_COLOURS, "--full": FULL_COLOURS}
    return colours | ramp([f"--lora-{rank}" for rank in sorted(set(ranks))], RAMPS)


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
