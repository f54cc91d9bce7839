"""Options that the verbs of the spectra stage and of the audit share."""

from typing import Annotated, Literal

import typer

DeviceOption = Annotated[str, typer.Option(help="Where to compute: `cpu` or `cuda`.")]
PrecisionOption = Annotated[
    str,
    typer.Option(
        help="Of base decompositions on disk: `f64`, or `f32` for half the space and wider error"
        " bounds; f64 ones that are there serve both."
    ),
]


def checked_precision(given: str) -> Literal["f64", "f32"]:
    """Return what `--precision` asks for.

    Raises:
        typer.BadParameter: it is neither of the two.
    """
    if given == "f64":
        return "f64"
    if given == "f32":
        return "f32"
    raise typer.BadParameter(f"{given!r}: allowed are f64 and f32", param_hint="--precision")


def checked_device(given: str) -> str:
    """Return what `--device` asks for.

    Raises:
        typer.BadParameter: it is neither of the two, or there is no CUDA device.
    """
    if given == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise typer.BadParameter("torch finds no CUDA device", param_hint="--device")
    elif given != "cpu":
        raise typer.BadParameter(f"{given!r}: allowed are cpu and cuda", param_hint="--device")
    return given
