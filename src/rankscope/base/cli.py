"""The verbs of the base stage: thin shells, without heavy imports."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rankscope.studies.option import StudyOption

if TYPE_CHECKING:
    from rankscope.records.runs import TrainedBase

app = typer.Typer(
    no_args_is_help=True,
    epilog="Example: `rankscope base model --study demo`",
    help="The base stage: the model that every run of a study starts from.",
)


@app.command(epilog="Example: `rankscope base model --study demo`")
def model(
    name: Annotated[
        str, typer.Argument(help="Name of the base; default: that of the study.")
    ] = "base",
    study: StudyOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Repeat it; the old base is kept until the new one is.")
    ] = False,
) -> None:
    """Make a base: link a local folder, fetch a pinned revision, or merge what a run learned.

    A base that is there already is left alone.
    """
    from rankscope.artefacts import layout
    from rankscope.artefacts.reading import is_finished
    from rankscope.base.stage import make_base
    from rankscope.records.bases import Base
    from rankscope.studies.asked import asked

    spec = cast("TrainedBase", asked(Base, name, study))
    output = Path(layout.base_model(spec.name))
    if not again and is_finished(Path(layout.base_manifest(spec.name)), output):
        typer.echo(f"{output}: is made already; nothing was changed, `--again` repeats it")
        return
    inputs = [Path(layout.outputs(each.verb, each.name)[0]) for each in spec.sources]
    make_base(spec, inputs, output)


@app.command(epilog="Example: `rankscope base version their-lora --study mine.yaml`")
def version(
    name: Annotated[str, typer.Argument(help="Label of the version in the study, or its name.")],
    study: StudyOption = None,
    again: Annotated[bool, typer.Option("--again", help="Repeat it, also if it is there.")] = False,
) -> None:
    """Link an adapter or checkpoint that others published, if it is one of the study's base."""
    from rankscope.artefacts import layout
    from rankscope.artefacts.reading import is_finished
    from rankscope.base.published import make_version
    from rankscope.records.measurements import Published
    from rankscope.studies.asked import asked

    spec = asked(Published, name, study)
    output = Path(layout.version_weights(spec.name))
    if not again and is_finished(Path(layout.version_manifest(spec.name)), output):
        typer.echo(f"{output}: is made already; nothing was changed, `--again` repeats it")
        return
    make_version(spec, Path(layout.base_model(spec.base.name)), output)
