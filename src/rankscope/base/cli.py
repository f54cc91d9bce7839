"""The verbs of the base stage: thin shells, without heavy imports."""

from pathlib import Path
from typing import Annotated

import typer

from rankscope.study.option import StudyOption

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
) -> None:
    """Make the study's base: pre-train it here, link a local folder, or fetch a pinned revision."""
    from rankscope.artefacts import layout
    from rankscope.base.stage import make_base
    from rankscope.study.registry import Studies
    from rankscope.study.specs import EmbeddedBase, QuantisedBase

    studies = Studies(study)
    spec = studies.base(name or studies.current.base.name)
    source = None
    if isinstance(spec, EmbeddedBase):
        source = Path(layout.data_rows(spec.corpus.name))
    elif isinstance(spec, QuantisedBase):
        source = Path(layout.base_model(spec.of.name))
    make_base(
        spec,
        source,
        Path(layout.base_model(spec.name)),
        Path(layout.checkpoints(spec.name)),
    )
