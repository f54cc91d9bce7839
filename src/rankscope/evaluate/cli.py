"""The verbs of the evaluate stage: thin shells, without heavy imports."""

import os
from typing import Annotated

import typer

from rankscope.studies.option import StudyOption

app = typer.Typer(
    no_args_is_help=True,
    epilog="Example: `rankscope evaluate score lora-r16@0 --suite demo --study demo`",
    help="The evaluate stage: trained steps to one row per test item, then to scores.",
)

RunNames = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...",
        help="Runs on one base: each by its name, or method@seed, such as lora-r16@0; or `base`;"
        " the label of a published version; or the name of what is made.",
    ),
]
SuiteName = Annotated[
    str | None,
    typer.Option(
        "--suite", help="Suite of evaluations; needed where the study asks a run for several."
    ),
]
Again = Annotated[bool, typer.Option("--again", help="Make also what is there already.")]


@app.command(epilog="Example: `rankscope evaluate predict lora-r16@0 --suite demo`")
def predict(
    runs: RunNames, suite: SuiteName = None, again: Again = False, study: StudyOption = None
) -> None:
    """Ask every version of what is named about every item of a suite; nothing is scored yet.

    What was asked before, of the same weights and items, is not asked again.
    """
    # before the libraries that read them are imported: nothing is fetched, no bar is drawn
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TQDM_DISABLE": "1"}
    from rankscope.artefacts.reading import versions_of
    from rankscope.evaluate.predict import Job
    from rankscope.evaluate.predict import predict as predict_items
    from rankscope.records.measurements import Answers
    from rankscope.studies.asked import asked

    found = [asked(Answers, run, study, suite) for run in runs]

    jobs = [
        Job(
            each.name,
            tuple(version for one in each.subjects for version in one.versions(versions_of)),
            each.suite.evaluations,
        )
        for each in found
    ]
    predict_items(jobs, again)


@app.command(epilog="Example: `rankscope evaluate score lora-r16@0 --suite demo`")
def score(
    runs: RunNames, suite: SuiteName = None, again: Again = False, study: StudyOption = None
) -> None:
    """Score the stored predictions of runs: one row per item and metric.

    What the same code scored before, of the same predictions, is not scored again.
    """
    from rankscope.evaluate.score import score as score_predictions
    from rankscope.records.measurements import Scores
    from rankscope.studies.asked import asked

    for run in runs:
        scores = asked(Scores, run, study, suite)
        answers = scores.answers
        score_predictions(scores.name, answers.name, answers.suite.evaluations, again)
