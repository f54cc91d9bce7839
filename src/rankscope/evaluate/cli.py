"""The verbs of the evaluate stage: thin shells, without heavy imports."""

import typer

app = typer.Typer(no_args_is_help=True, help="The evaluate stage.")
