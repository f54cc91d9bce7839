"""The verbs of the base stage: thin shells, without heavy imports."""

from pathlib import Path
from typing import Annotated

import typer

from rankscope.studies.option import StudyOption

app = typer.Typer(
    no_args_is_help=True,
    epilog="Example: `rankscope base model --study demo`",
    help="The base stage: the model that every run of a study starts from.",
)


@app.callback()
def _base() -> None:
    """Keep `model` a verb of its own, although it is the only one."""


@app.command(epilog="Example: `rankscope base model --study demo`")
def model(
    study: StudyOption,
    name: Annotated[
        str | None, typer.Argument(help="Name of the base; default: that of the study.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Repeat it; the old base is kept until the new one is.")
    ] = False,
) -> None:
    """Make the study's base: pre-train it here, link a local folder, or fetch a pinned revision.

    A base that is there already is left alone.
    """
    from rankscope.artefacts import layout
    from rankscope.artefacts.reading import is_finished
    from rankscope.base.stage import make_base
    from rankscope.records.bases import EmbeddedBase, QuantisedBase
    from rankscope.studies.store import Studies

    studies = Studies(study)
    spec = studies.base(name or studies.current.base.name)
    output = Path(layout.base_model(spec.name))
    if not again and is_finished(Path(layout.base_manifest(spec.name)), output):
        typer.echo(f"{output}: is made already; nothing was changed, `--again` repeats it")
        return
    source = None
    if isinstance(spec, EmbeddedBase):
        source = Path(layout.data_rows(spec.corpus.name))
    elif isinstance(spec, QuantisedBase):
        source = Path(layout.base_model(spec.of.name))
    make_base(
        spec,
        source,
        output,
        Path(layout.checkpoints(spec.name)),
    )
