"""The `--study` option that every verb shares.

Guarantees: without the option the study is that of the environment variable `RANKSCOPE_STUDY`,
which the workflow sets for its jobs, or else the one that config.yaml names.
"""

from pathlib import Path
from typing import Annotated

import typer
import yaml

from rankscope.errors import StudyError

STUDY_VARIABLE = "RANKSCOPE_STUDY"
CONFIG = Path("config.yaml")


def configured_study() -> str:
    """Return the study that config.yaml of the current folder names.

    Raises:
        StudyError: there is no config.yaml here, or it names no study.
    """
    try:
        content = yaml.safe_load(CONFIG.read_text("utf-8"))
    except FileNotFoundError:
        raise StudyError(
            "which study? There is no config.yaml in this folder: give --study NAME_OR_FILE, or"
            " start from the repository's root"
        ) from None
    if not isinstance(content, dict) or not isinstance(content.get("study"), str):
        raise StudyError(f"{CONFIG}: key `study` must name a study, such as `study: demo`")
    return content["study"]


StudyOption = Annotated[
    str,
    typer.Option(
        "--study",
        envvar=STUDY_VARIABLE,
        metavar="NAME_OR_FILE",
        default_factory=configured_study,
        show_default="the study of config.yaml",
        help="Study that describes what is asked for: a name in workflow/studies, or a file.",
    ),
]
