"""What a person writes: the study file, as pydantic models that refuse what they do not know.

Guarantees: `read_study_file` returns a validated `StudyFile` or raises one `StudyError` that lists
every mistake with file, line, key, value and what is allowed. The JSON schema for editors is
generated from these models. What the file points to is looked at here, and nowhere later (see
`found`). Not here: unfolding the grid (`expand`), checks that need a model or data (`check`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from rankscope.errors import StudyError
from rankscope.records.data import DataSpec
from rankscope.records.labels import Variants
from rankscope.studies.form import Config, StudyFile
from rankscope.studies.found import look
from rankscope.studies.mistakes import mistakes
from rankscope.studies.source import Source, read_source

Record = TypeVar("Record", bound=BaseModel)
CONFIG = Path("config.yaml")


def read_study_file(path: Path) -> tuple[StudyFile, Source]:
    """Read and validate one study file; its source tells the line of every key.

    Raises:
        StudyError: the file is missing, is no YAML, or does not fit the models.
    """
    source = read_source(path)
    written = source.content.get("data")
    variants = Variants(written if isinstance(written, dict) else {}, DataSpec, look)
    return _validated(StudyFile, source, variants), source


def configured_study(path: Path = CONFIG) -> str:
    """Return the study that `config.yaml` names.

    Raises:
        StudyError: the file is missing, or says anything else.
    """
    if not path.exists():
        raise StudyError(
            f"which study? There is no {path} in this folder: name a study or its file, or start"
            " from the root of the repository"
        )
    return _validated(Config, read_source(path), None).study


def study_of_config(config: Mapping[str, Any]) -> str:
    """Return the study that Snakemake's config names: `config.yaml`, and `--config` over it.

    Raises:
        StudyError: it names none, or says anything else.
    """
    if not config:
        raise StudyError(
            f"which study? There is no {CONFIG} in this folder ({Path.cwd()}): give --config"
            " study=NAME_OR_FILE, or start from the root of the repository"
        )
    if "grid" in config:
        raise StudyError("a study file is given by --config study=FILE, not by --configfile")
    return _validated(Config, Source(Path(f"{CONFIG} or --config"), dict(config), {}), None).study


def _validated(model: type[Record], source: Source, context: Variants | None) -> Record:
    try:
        return model.model_validate(source.content, context=context)
    except ValidationError as error:
        raise source.error(mistakes(error, source.content, model)) from None
