"""The verbs of the data stage: thin shells, without heavy imports."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rankscope.studies.option import StudyOption

if TYPE_CHECKING:
    from rankscope.records.data import DataSpec

app = typer.Typer(
    no_args_is_help=True,
    epilog="Example: `rankscope data rows code --study demo`",
    help="The data stage: sources to tables of documents, items and packed sequences.",
)

Name = Annotated[
    str, typer.Argument(help="Data variant: its label in the study file, or its artefact's name.")
]


@app.command(epilog="Example: `rankscope data rows code --study demo`")
def rows(name: Name, study: StudyOption = None) -> None:
    """Write the documents, items or tasks of a data variant: one row each, with hash and split."""
    from rankscope.artefacts import layout
    from rankscope.data.rows import write_rows
    from rankscope.records.variant import Data
    from rankscope.studies.asked import asked

    spec = cast("DataSpec", asked(Data, name, study))
    made_from = tuple(Path(layout.data_rows(source.name)) for source in spec.sources)
    write_rows(spec, made_from, Path(layout.data_rows(spec.name)))


@app.command(epilog="Example: `rankscope data pack code --study demo`")
def pack(
    name: Annotated[
        str,
        typer.Argument(
            help="Packed data by its artefact's name, or the label or name of the variant that is"
            " packed, if the study packs it once."
        ),
    ],
    study: StudyOption = None,
) -> None:
    """Tokenise what a run trains on: documents to packed sequences, a mixture to examples."""
    from rankscope.artefacts import layout
    from rankscope.data.packed import write_packed
    from rankscope.records.packed import Packed
    from rankscope.studies.asked import asked

    packed = asked(Packed, name, study)
    spec = packed.data
    rows = Path(layout.data_rows(spec.name))
    model = Path(layout.base_model(packed.tokenizer.name))
    output = Path(layout.packed(packed.name))
    write_packed(spec, rows, model, packed.length, output)
