"""The `--study` option that every verb shares, and the run that many are told.

Guarantees: without the option the study is the one that config.yaml names, which is read only where
it is needed.
"""

from typing import Annotated

import typer

StudyOption = Annotated[
    str | None,
    typer.Option(
        "--study",
        metavar="NAME_OR_FILE",
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
