"""The `--study` option that every verb shares, and the run that many are told.

Guarantees: without the option the study is that of the environment variable `RANKSCOPE_STUDY`,
which the workflow sets for its jobs, or else the one that config.yaml names.
"""

from typing import Annotated

import typer

STUDY_VARIABLE = "RANKSCOPE_STUDY"


def _configured() -> str:
    from rankscope.studies.file import configured_study

    return configured_study()


StudyOption = Annotated[
    str,
    typer.Option(
        "--study",
        envvar=STUDY_VARIABLE,
        metavar="NAME_OR_FILE",
        default_factory=_configured,
        show_default="the study of config.yaml",
        help="Study that describes what is asked for: a name in workflow/studies, or a file.",
    ),
]

RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run: its name as `rankscope check` prints it, or method@seed, such as lora-r16@0.",
    ),
]
