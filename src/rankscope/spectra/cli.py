"""The verbs of the spectra stage: thin shells, without heavy imports."""

import typer

app = typer.Typer(no_args_is_help=True, help="The spectra stage.")


def inspect() -> None:
    """Analyse published adapters or checkpoints without training."""


def repair() -> None:
    """Scale the intruder dimensions of an adapter."""
