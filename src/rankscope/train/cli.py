"""The verb of the train stage: a thin shell, without heavy imports."""

from typing import Annotated

import typer

from rankscope.study.option import RunArgument, StudyOption


def train(
    run: RunArgument,
    study: StudyOption,
    checkpoint_seconds: Annotated[
        float, typer.Option(help="Save a state to resume from this often.")
    ] = 60.0,
) -> None:
    """Train one run, resuming an attempt that was killed.

    The base and the packed data have to be there: `snakemake data` makes them.

    Example: `rankscope train lora-r16@0 --study demo`
    """
    from rankscope.study.registry import Studies

    studies = Studies(study)
    spec = studies.run(studies.called(run))

    from rankscope.train.stage import TrainingFiles, train_run

    train_run(spec, TrainingFiles.of(spec), checkpoint_seconds)
