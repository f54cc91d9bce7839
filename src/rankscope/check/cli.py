"""The verb `rankscope check`: validate study files and print the plan."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            help="Study files, or names of studies; default: the study that config.yaml names.",
            show_default=False,
        ),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of study files and stop.")
    ] = False,
) -> None:
    """Validate study files and print the plan: runs, parameters, tokens, jobs.

    Nothing is trained or downloaded, but for the configuration of a hub base that is not in the
    local cache. Ends with exit code 2 and every mistake of every file if there is one.

    Examples:

    - `rankscope check`
    - `rankscope check demo my/study.yaml`
    - `rankscope check --schema > workflow/schemas/study.schema.json`
    """
    from rankscope.studies.schema import study_schema

    if schema:
        typer.echo(study_schema(), nl=False)
        return
    from rich.console import Console

    from rankscope.errors import StudyError
    from rankscope.studies.file import configured_study

    console = Console(highlight=False, markup=False)
    mistakes = []
    for file in map(str, files) if files else [configured_study()]:
        try:
            _print_plan(file, console)
        except StudyError as error:
            mistakes.append(str(error))
    if mistakes:
        raise StudyError("\n".join(mistakes))


def _print_plan(study: str, console: "Console") -> None:
    from rankscope.check.check import checked, notes
    from rankscope.check.plan import counts, plan
    from rankscope.check.shapes import base_folder, fetch_configuration
    from rankscope.hub import offline
    from rankscope.records.bases import HubBase
    from rankscope.studies.expand import load_study

    base = load_study(study).base
    if isinstance(base, HubBase) and base_folder(base) is None and not offline():
        fetch_configuration(base)
    subject = checked(study)
    console.print(plan(subject.study, counts(subject.study, subject.shape)))
    for note in notes(subject):
        console.print(f"note: {note}", style="yellow")
