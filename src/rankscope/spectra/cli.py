"""The verbs of the spectra stage: thin shells, without heavy imports."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from rankscope.study.option import RunArgument, StudyOption

app = typer.Typer(
    no_args_is_help=True,
    epilog="Example: `rankscope spectra run lora-r16@0 --study demo`",
    help="What fine-tuning did inside the weights: intruders, similarity, effective rank.",
)

DeviceOption = Annotated[str, typer.Option(help="Where to compute: `cpu` or `cuda`.")]
PrecisionOption = Annotated[
    str,
    typer.Option(
        help="Of base decompositions on disk: `f64`, or `f32` for half the space and wider error"
        " bounds; f64 ones that are there serve both."
    ),
]


def _precision(given: str) -> Literal["f64", "f32"]:
    if given == "f64":
        return "f64"
    if given == "f32":
        return "f32"
    raise typer.BadParameter(f"{given!r}: allowed are f64 and f32", param_hint="--precision")


def _device(given: str) -> str:
    if given == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise typer.BadParameter("torch finds no CUDA device", param_hint="--device")
    elif given != "cpu":
        raise typer.BadParameter(f"{given!r}: allowed are cpu and cuda", param_hint="--device")
    return given


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
    from rankscope.study.registry import Studies

    studies = Studies(study)
    name = studies.base(name or studies.current.base.name).name
    decompose_base(
        Path(layout.base_model(name)),
        Path(layout.base_spectra(name)),
        Path(layout.checkpoints(f"{name}.spectra")),
        name,
        _precision(precision),
        _device(device),
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
    from rankscope.spectra.comparer import Wanted
    from rankscope.spectra.stage import analyse_run
    from rankscope.study.registry import Studies

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
        device=_device(device),
    )


def inspect(
    adapters: Annotated[
        list[str],
        typer.Argument(
            metavar="ADAPTER_OR_MODEL...",
            help="peft adapters or full checkpoints: local folders, or hub ids at a pinned"
            " revision (owner/name@revision).",
        ),
    ],
    base: Annotated[str, typer.Option(help="The model they were tuned from, given likewise.")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for vectors.parquet, matrices.parquet, similarity.parquet,"
            " left_out.parquet, index.html."
        ),
    ] = None,
    k: Annotated[int, typer.Option(min=1, help="Leading singular vectors to examine.")] = 10,
    epsilon: Annotated[
        float, typer.Option(min=0, max=1, help="Cosine below which a vector is an intruder.")
    ] = 0.5,
    similarity: Annotated[
        int,
        typer.Option(
            min=1,
            help="Size of the similarity maps: leading vectors of the base and of the tuned weight."
            " In the hundreds every matrix is decomposed completely.",
        ),
    ] = 10,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="Folder of base decompositions: read, and filled where incomplete, with 8·p² bytes"
            " per matrix of smaller side p (30 GB for a 7B model; 15 GB with `--precision f32`)."
            " Without it nothing of the kind is written."
        ),
    ] = None,
    precision: PrecisionOption = "f64",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; default: one per core for large models.")
    ] = None,
    device: DeviceOption = "cpu",
) -> None:
    """Audit adapters or checkpoints without training: intruder dimensions and effective ranks.

    Example: `rankscope inspect my-adapter --base my-model --out inspected`
    """
    from rankscope.spectra.console import print_table
    from rankscope.spectra.inspection import Settings, inspect_and_write
    from rankscope.spectra.outputs import check_out
    from rankscope.spectra.sources import label_sources, locate

    sources, model = label_sources(adapters), locate(base)
    for folder in (out, cache):
        if folder is not None:
            check_out(folder, [model, *(source.folder for source in sources)])
    settings = Settings(
        k=k,
        epsilon=epsilon,
        similarity_size=similarity,
        workers=workers if device == "cpu" else 1,
        device=_device(device),
        cache=cache,
        precision=_precision(precision),
    )
    rows = inspect_and_write(model, sources, settings, out)
    print_table(*rows, k, epsilon)


def repair(
    adapter: Annotated[
        str, typer.Argument(help="peft adapter or full checkpoint, a folder or a pinned hub id.")
    ],
    base: Annotated[str, typer.Option(help="The model it was tuned from, given likewise.")],
    scale: Annotated[float, typer.Option(help="λ: 1 changes nothing, 0 removes the direction.")],
    out: Annotated[Path, typer.Option(help="Folder for the repaired adapter or model.")],
    k: Annotated[int, typer.Option(min=1, help="Leading singular vectors to examine.")] = 10,
    epsilon: Annotated[
        float, typer.Option(min=0, max=1, help="Cosine below which a vector is an intruder.")
    ] = 0.5,
    every: Annotated[
        bool, typer.Option("--all", help="Scale all intruders of a matrix, not only the top one.")
    ] = False,
    control: Annotated[
        bool,
        typer.Option(
            "--control", help="Scale the neighbouring pre-trained direction instead: the control."
        ),
    ] = False,
    merged: Annotated[
        bool, typer.Option("--merged", help="Write a merged float32 model, not an adapter.")
    ] = False,
    cache: Annotated[Path | None, typer.Option(help="Folder of base decompositions.")] = None,
    device: DeviceOption = "cpu",
) -> None:
    """Scale the intruder dimensions of an adapter: W + (λ − 1) σ u vᵀ.

    Example: `rankscope repair my-adapter --base my-model --scale 0.7 --out repaired`
    """
    from rankscope.spectra.outputs import check_out
    from rankscope.spectra.repair import Intervention
    from rankscope.spectra.repaired_files import repair_adapter, repair_merged
    from rankscope.spectra.sources import locate

    source, model = locate(adapter), locate(base)
    check_out(out, [source, model], must_be_new=True)
    intervention = Intervention(scale, k, epsilon, every, control, cache, _device(device))
    write = repair_merged if merged else repair_adapter
    directions = write(source, model, intervention, out)
    if not directions:
        what = "model" if merged else "adapter"
        typer.echo(
            f"nothing was scaled: no vector among the leading {k} has a largest cosine below"
            f" {epsilon:g}{', or none has a neighbour to scale' if control else ''}; {out} holds"
            f" the {what} as it was"
        )
        return
    matrices = len({direction.matrix for direction in directions})
    typer.echo(f"scaled {len(directions)} directions in {matrices} matrices by {scale:g}: {out}")
