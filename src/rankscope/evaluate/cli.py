"""The verbs of the evaluate stage: thin shells, without heavy imports."""

import os
from pathlib import Path
from typing import Annotated

import typer

from rankscope.studies.option import StudyOption

app = typer.Typer(
    no_args_is_help=True,
    epilog="Example: `rankscope evaluate score lora-r16@0 --suite demo --study demo`",
    help="The evaluate stage: trained steps to one row per test item, then to scores.",
)

RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="A run: its name, or method@seed, such as lora-r16@0; or `base`."
    ),
]
SuiteName = Annotated[
    str, typer.Option("--suite", help="Suite of evaluations: its label, or its artefact's name.")
]


@app.command(epilog="Example: `rankscope evaluate predict lora-r16@0 --suite demo`")
def predict(run: RunName, suite: SuiteName, study: StudyOption) -> None:
    """Ask every kept step of a run about every item of a suite; nothing is scored yet."""
    # before the libraries that read them are imported: nothing is fetched, no bar is drawn
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TQDM_DISABLE": "1"}
    from rankscope.artefacts import layout
    from rankscope.artefacts.reading import kept_steps
    from rankscope.evaluate.predict import predict as predict_items
    from rankscope.evaluate.tables import Subject
    from rankscope.studies.store import Studies

    studies = Studies(study)
    spec = studies.suite(suite)
    run = studies.called(run)
    base = studies.base_of(run)
    if run == base.name:
        subject = Subject(base.keys(), Path(layout.base_model(run)), {0: None})
    else:
        chosen = studies.run(run)
        subject = Subject(
            chosen.keys(),
            Path(layout.base_model(base.name)),
            {**kept_steps(Path(layout.kept_weights(run)))},
        )
    data = {
        evaluation.data.name: Path(layout.data_rows(evaluation.data.name))
        for evaluation in spec.evaluations
    }
    predict_items(spec, subject, data, Path(layout.predictions(run, spec.name)))


@app.command(epilog="Example: `rankscope evaluate score lora-r16@0 --suite demo`")
def score(run: RunName, suite: SuiteName, study: StudyOption) -> None:
    """Score the stored predictions of a run: one row per item and metric."""
    from rankscope.artefacts import layout
    from rankscope.evaluate.score import score as score_predictions
    from rankscope.studies.store import Studies

    studies = Studies(study)
    run = studies.called(run)
    spec = studies.suite(suite)
    score_predictions(
        spec, run, Path(layout.predictions(run, spec.name)), Path(layout.scores(run, spec.name))
    )
