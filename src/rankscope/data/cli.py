"""The verbs of the data stage: thin shells, without heavy imports."""

from pathlib import Path
from typing import Annotated

import typer

from rankscope.study.option import StudyOption

app = typer.Typer(
    no_args_is_help=True,
    help="The data stage: sources to tables of documents, items and packed sequences.",
)

Name = Annotated[
    str, typer.Argument(help="Data variant: its label in the study file, or its artefact's name.")
]


@app.command(epilog="Example: `rankscope data rows code --study demo`")
def rows(name: Name, study: StudyOption) -> None:
    """Write the documents or items of a data variant: one row each, with id, hash and split."""
    from rankscope.artefacts import layout
    from rankscope.data.rows import write_rows
    from rankscope.study.registry import Studies
    from rankscope.study.specs import Continuations

    spec = Studies(study).variant(name)
    documents = None
    if isinstance(spec, Continuations):
        documents = Path(layout.data_rows(spec.documents.name))
    write_rows(spec, documents, Path(layout.data_rows(spec.name)))


@app.command(epilog="Example: `rankscope data pack code --length 256 --study demo`")
def pack(
    name: Name,
    study: StudyOption,
    length: Annotated[int, typer.Option(help="Tokens per sequence.", min=2)],
    base: Annotated[
        str | None, typer.Option(help="The base whose tokenizer is used; default: the study's.")
    ] = None,
) -> None:
    """Tokenise and pack the training split of a data variant."""
    from rankscope.artefacts import layout
    from rankscope.data.packing import write_packed
    from rankscope.errors import StudyError
    from rankscope.study.registry import Studies
    from rankscope.study.specs import Continuations

    studies = Studies(study)
    spec = studies.variant(name)
    if isinstance(spec, Continuations):
        raise StudyError(f"{name}: continuations are for evaluation only and cannot be packed")
    base_name = base or studies.current.base.name
    write_packed(
        spec,
        Path(layout.data_rows(spec.name)),
        Path(layout.base_model(base_name)),
        length,
        Path(layout.packed(spec.name, base_name, length)),
    )
