"""The verbs of the audit, `inspect` and `repair`: thin shells, without heavy imports."""

from pathlib import Path
from typing import Annotated

import typer

from rankscope.spectra.options import (
    DeviceOption,
    PrecisionOption,
    checked_device,
    checked_precision,
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
    from rankscope.audit.console import print_table
    from rankscope.audit.inspection import Settings, inspect_and_write
    from rankscope.audit.outputs import check_out
    from rankscope.weights.sources import label_sources, locate

    sources, model = label_sources(adapters), locate(base)
    for folder in (out, cache):
        if folder is not None:
            check_out(folder, [model, *(source.folder for source in sources)])
    settings = Settings(
        k=k,
        epsilon=epsilon,
        similarity_size=similarity,
        workers=workers if device == "cpu" else 1,
        device=checked_device(device),
        cache=cache,
        precision=checked_precision(precision),
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
    from rankscope.audit.outputs import check_out
    from rankscope.audit.repair import Intervention
    from rankscope.audit.repaired_files import repair_adapter, repair_merged
    from rankscope.weights.sources import locate

    source, model = locate(adapter), locate(base)
    check_out(out, [source, model], must_be_new=True)
    intervention = Intervention(scale, k, epsilon, every, control, cache, checked_device(device))
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
