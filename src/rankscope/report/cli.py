"""The verbs of the report stage: thin shells, without heavy imports."""

import typer

app = typer.Typer(no_args_is_help=True, help="The report stage.")
