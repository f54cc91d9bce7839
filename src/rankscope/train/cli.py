"""The verb of the train stage: a thin shell, without heavy imports."""

from pathlib import Path
from typing import Annotated

import typer

from rankscope.studies.option import RunArgument, StudyOption


def train(
    run: RunArgument,
    study: StudyOption = None,
    checkpoint_seconds: Annotated[
        float, typer.Option(help="Save a state to resume from this often.")
    ] = 60.0,
    again: Annotated[
        bool,
        typer.Option("--again", help="Repeat a finished run; it is kept until the new one is."),
    ] = False,
) -> None:
    """Train one run, resuming an attempt that was killed; a finished one is left alone.

    The base and the packed data have to be there: `snakemake data` makes them.

    Example: `rankscope train lora-r16@0 --study demo`
    """
    from rankscope.artefacts import layout
    from rankscope.artefacts.reading import is_finished, read_manifest
    from rankscope.records.runs import Run
    from rankscope.studies.asked import asked

    spec = asked(Run, run, study)
    manifest = Path(layout.run_manifest(spec.name))
    outputs = Path(layout.kept_weights(spec.name)), Path(layout.loss_curve(spec.name))
    if not again and is_finished(manifest, *outputs):
        status = read_manifest(manifest)["status"]
        typer.echo(
            f"{spec.name}: trained already ({status}), its kept steps lie in {outputs[0]};"
            " nothing was changed, `--again` repeats it"
        )
        return

    from rankscope.train.stage import TrainingFiles, train_run

    train_run(spec, TrainingFiles.of(spec), checkpoint_seconds)
