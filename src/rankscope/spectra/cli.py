"""The verbs of the spectra stage: thin shells, without heavy imports."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="What fine-tuning did inside the weights: intruders, similarity, effective rank.",
)

StudyOption = Annotated[str, typer.Option("--study", help="Study by name, or path of its file.")]
DeviceOption = Annotated[str, typer.Option(help="Where to compute: `cpu` or `cuda`.")]


@app.command(epilog="Example: `rankscope spectra base --study demo`")
def base(
    study: StudyOption,
    precision: Annotated[
        str, typer.Option(help="`f64`, or `f32` for half the disk space and wider error bounds.")
    ] = "f64",
    device: DeviceOption = "cpu",
) -> None:
    """Decompose every weight matrix of a study's base, once; resumes where it stopped."""
    from rankscope.artefacts import layout
    from rankscope.spectra.stage import decompose_base
    from rankscope.study.expand import load_study

    if precision not in ("f64", "f32"):
        raise typer.BadParameter(
            f"{precision!r}: allowed are f64 and f32", param_hint="--precision"
        )
    name = load_study(study).base.name
    decompose_base(
        Path(layout.base_model(name)),
        Path(layout.base_spectra(name)),
        name,
        "f32" if precision == "f32" else "f64",
        device,
    )


@app.command("run", epilog="Example: `rankscope spectra run lora-r16-3f9a1c2b --study demo`")
def analyse(
    run: Annotated[str, typer.Argument(help="Name of a run of the study.")],
    study: StudyOption,
    device: DeviceOption = "cpu",
) -> None:
    """Analyse the kept steps of one run against its base."""
    from rankscope.artefacts import layout
    from rankscope.errors import StudyError
    from rankscope.spectra.analysis import Wanted
    from rankscope.spectra.stage import analyse_run
    from rankscope.study.expand import load_study

    found = load_study(study)
    settings = found.spectra
    if settings is None:
        raise StudyError(f"{found.path}: the study asks for no spectra; add a `spectra:` section")
    base_name = found.run(run).base.name
    kept = Path(layout.kept_weights(run))
    analyse_run(
        model_folder=Path(layout.base_model(base_name)),
        spectra=Path(layout.base_spectra(base_name)),
        steps={int(folder.name.rsplit("-", 1)[-1]): folder for folder in kept.glob("step-*")},
        out=Path(layout.run_spectra(run, settings.name)),
        keys=found.run(run).keys(),
        wanted=Wanted(settings.ks, settings.epsilons, settings.similarity_size),
        device=device,
    )


def inspect() -> None:
    """Analyse published adapters or checkpoints without training."""


def repair() -> None:
    """Scale the intruder dimensions of an adapter."""
