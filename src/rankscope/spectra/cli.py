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
from rankscope.studies.option import RunArgument, StudyOption

app = typer.Typer(
    no_args_is_help=True,
    epilog="Example: `rankscope spectra run lora-r16@0 --study demo`",
    help="What fine-tuning did inside the weights: intruders, similarity, effective rank.",
)


@app.command(epilog="Example: `rankscope spectra base --study demo`")
def base(
    study: StudyOption,
    name: Annotated[
        str | None, typer.Argument(help="Name of the base; default: that of the study.")
    ] = None,
    precision: PrecisionOption = "f64",
    device: DeviceOption = "cpu",
    workers: Annotated[int, typer.Option(min=1, help="Processes to share the matrices.")] = 1,
) -> None:
    """Decompose every weight matrix of a study's base, once; resumes where it stopped."""
    from rankscope.artefacts import layout
    from rankscope.spectra.stage import decompose_base
    from rankscope.studies.store import Studies

    studies = Studies(study)
    name = studies.base(name or studies.current.base.name).name
    decompose_base(
        Path(layout.base_model(name)),
        Path(layout.base_spectra(name)),
        Path(layout.checkpoints(f"{name}.spectra")),
        name,
        checked_precision(precision),
        checked_device(device),
        workers,
    )


@app.command("run", epilog="Example: `rankscope spectra run lora-r16@0 --study demo`")
def analyse(
    run: RunArgument,
    study: StudyOption,
    settings: Annotated[
        str | None, typer.Option(help="Name of the settings; default: those of the study.")
    ] = None,
    device: DeviceOption = "cpu",
) -> None:
    """Analyse the kept steps of one run against its base."""
    from rankscope.artefacts import layout
    from rankscope.artefacts.reading import kept_steps
    from rankscope.errors import StudyError
    from rankscope.spectra.engine.comparer import Wanted
    from rankscope.spectra.stage import analyse_run
    from rankscope.studies.store import Studies

    studies = Studies(study)
    wanted = studies.spectra(settings) if settings else studies.current.spectra
    if wanted is None:
        raise StudyError(
            f"{studies.current.path}: the study asks for no spectra; add a `spectra:` section"
        )
    run = studies.called(run)
    base_name = studies.run(run).trained_base.name
    analyse_run(
        model_folder=Path(layout.base_model(base_name)),
        spectra=Path(layout.base_spectra(base_name)),
        steps=kept_steps(Path(layout.kept_weights(run))),
        out=Path(layout.run_spectra(run, wanted.name)),
        keys=studies.run(run).keys(),
        wanted=Wanted(wanted.ks, wanted.epsilons, wanted.similarity_size),
        device=checked_device(device),
    )
