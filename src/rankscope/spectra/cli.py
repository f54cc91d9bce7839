"""The verbs of the spectra stage: thin shells, without heavy imports."""

from pathlib import Path
from typing import Annotated

import typer

from rankscope.spectra.options import (
    DeviceOption,
    PrecisionOption,
    checked_device,
    checked_precision,
)
from rankscope.studies.option import StudyOption

app = typer.Typer(
    no_args_is_help=True,
    epilog="Example: `rankscope spectra run lora-r16@0 --study demo`",
    help="What fine-tuning did inside the weights: intruders, similarity, effective rank.",
)


@app.command(epilog="Example: `rankscope spectra base --study demo`")
def base(
    name: Annotated[
        str,
        typer.Argument(
            help="Name of the decomposition, or of the base; default: the base of the study."
        ),
    ] = "base",
    study: StudyOption = None,
    precision: PrecisionOption = "f64",
    device: DeviceOption = "cpu",
    workers: Annotated[int, typer.Option(min=1, help="Processes to share the matrices.")] = 1,
) -> None:
    """Decompose every weight matrix of a study's base, once; resumes where it stopped."""
    from rankscope.artefacts import layout
    from rankscope.records.spectra import Decomposition
    from rankscope.spectra.stage import decompose_base
    from rankscope.studies.asked import asked

    record = asked(Decomposition, name, study)
    decompose_base(
        Path(layout.base_model(record.base.name)),
        Path(layout.decomposition(record.name)),
        Path(layout.checkpoints(record.name)),
        record.base.name,
        checked_precision(precision),
        checked_device(device),
        workers,
    )


@app.command("run", epilog="Example: `rankscope spectra run lora-r16@0 --study demo`")
def analyse(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="A run: its name, or method@seed, such as lora-r16@0; the label of a published"
            " version; or the name of the spectra.",
        ),
    ],
    study: StudyOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Analyse the kept steps of a run, or a published version, against its base."""
    from rankscope.artefacts import layout
    from rankscope.artefacts.reading import versions_of
    from rankscope.records.spectra import Spectra
    from rankscope.spectra.stage import analyse_run
    from rankscope.studies.asked import asked

    record = asked(Spectra, run, study)
    analyse_run(
        model_folder=Path(layout.base_model(record.decomposition.base.name)),
        spectra=Path(layout.decomposition(record.decomposition.name)),
        steps=versions_of(record.subject.verb, record.subject.name),
        out=Path(layout.spectra(record.name)),
        keys=record.subject.keys(),
        wanted=record.settings,
        device=checked_device(device),
    )
