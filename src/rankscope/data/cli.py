"""The verbs of the data stage: thin shells, without heavy imports."""

from pathlib import Path
from typing import Annotated

import typer

from rankscope.studies.option import StudyOption

app = typer.Typer(
    no_args_is_help=True,
    epilog="Example: `rankscope data rows code --study demo`",
    help="The data stage: sources to tables of documents, items and packed sequences.",
)

Name = Annotated[
    str, typer.Argument(help="Data variant: its label in the study file, or its artefact's name.")
]


@app.command(epilog="Example: `rankscope data rows code --study demo`")
def rows(name: Name, study: StudyOption) -> None:
    """Write the documents, items or tasks of a data variant: one row each, with hash and split."""
    from rankscope.artefacts import layout
    from rankscope.data.rows import write_rows
    from rankscope.studies.store import Studies

    spec = Studies(study).variant(name)
    made_from = tuple(Path(layout.data_rows(source.name)) for source in spec.sources)
    write_rows(spec, made_from, Path(layout.data_rows(spec.name)))


@app.command(epilog="Example: `rankscope data pack code --length 128 --study demo`")
def pack(
    name: Name,
    study: StudyOption,
    length: Annotated[int, typer.Option(help="Tokens per sequence.", min=2)],
    base: Annotated[
        str | None, typer.Option(help="The base whose tokenizer is used; default: the study's.")
    ] = None,
) -> None:
    """Tokenise what a run trains on: documents to packed sequences, a mixture to examples."""
    from rankscope.artefacts import layout
    from rankscope.data.packed import write_packed
    from rankscope.studies.store import Studies

    studies = Studies(study)
    spec = studies.variant(name)
    base_name = studies.base(base).name if base else studies.current.base.name
    rows = Path(layout.data_rows(spec.name))
    model = Path(layout.base_model(base_name))
    output = Path(layout.packed(spec.name, base_name, length))
    write_packed(spec, rows, model, length, output)
