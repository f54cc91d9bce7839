"""The verb that checks results: a thin shell, without heavy imports."""

from pathlib import Path
from typing import Annotated

import typer

from rankscope.artefacts.layout import RESULTS


def verify(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Folders of results, or single artefacts in them; default: `results`.",
        ),
    ] = None,
) -> None:
    """Compare results, file by file, with what was written; say what to do where they differ.

    Everything is read anew; nothing is changed. The exit code is 1 if something differs, is
    incomplete, was made from what is not there any more, or is foreign.

    Examples: `rankscope verify`, `rankscope verify results/train`, `rankscope verify ../a/results`
    """
    from rankscope.artefacts.verify import check, inventory

    found = inventory(paths or [Path(RESULTS)])
    findings = sorted(set(check(found)), key=lambda each: (each.kind, each.message))
    for finding in findings:
        typer.echo(f"{finding.kind:<10} {finding.message}")
    faults = sum(finding.is_fault for finding in findings)
    files = sum(len(artefact.files) for artefact in found.artefacts)
    typer.echo(
        f"{len(found.artefacts)} artefacts, {files} files: "
        + (f"{faults} fault{'s' * (faults > 1)}" if faults else "all as they were written")
    )
    if faults:
        raise typer.Exit(1)
