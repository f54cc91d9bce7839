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
        metavar="RUN",
        help="A run: its name, or method@seed, such as lora-r16@0; or `base`; or the name of what"
        " is made.",
    ),
]
SuiteName = Annotated[
    str | None,
    typer.Option(
        "--suite", help="Suite of evaluations; needed where the study asks a run for several."
    ),
]


@app.command(epilog="Example: `rankscope evaluate predict lora-r16@0 --suite demo`")
def predict(run: RunName, suite: SuiteName = None, study: StudyOption = None) -> None:
    """Ask every kept step of a run about every item of a suite; nothing is scored yet."""
    # before the libraries that read them are imported: nothing is fetched, no bar is drawn
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TQDM_DISABLE": "1"}
    from rankscope.artefacts import layout
    from rankscope.artefacts.reading import kept_steps
    from rankscope.evaluate.predict import predict as predict_items
    from rankscope.evaluate.tables import Subject
    from rankscope.records.measurements import Answers
    from rankscope.records.runs import Run
    from rankscope.studies.asked import asked

    answers = asked(Answers, run, study, suite)
    measured = answers.subject
    if isinstance(measured, Run):
        subject = Subject(
            measured.keys(),
            Path(layout.base_model(measured.trained_base.name)),
            {**kept_steps(Path(layout.kept_weights(measured.name)))},
        )
    else:
        subject = Subject(measured.keys(), Path(layout.base_model(measured.name)), {0: None})
    data = {
        evaluation.data.name: Path(layout.data_rows(evaluation.data.name))
        for evaluation in answers.suite.evaluations
    }
    predict_items(answers.suite, subject, data, Path(layout.predictions(answers.name)))


@app.command(epilog="Example: `rankscope evaluate score lora-r16@0 --suite demo`")
def score(run: RunName, suite: SuiteName = None, study: StudyOption = None) -> None:
    """Score the stored predictions of a run: one row per item and metric."""
    from rankscope.artefacts import layout
    from rankscope.evaluate.score import score as score_predictions
    from rankscope.records.measurements import Scores
    from rankscope.studies.asked import asked

    scores = asked(Scores, run, study, suite)
    predictions = Path(layout.predictions(scores.answers.name))
    score_predictions(scores.answers.suite, predictions, Path(layout.scores(scores.name)))
