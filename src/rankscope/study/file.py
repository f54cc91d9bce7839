"""What a person writes: the study file, as pydantic models that refuse what they do not know.

Guarantees: `read_study_file` returns a validated `StudyFile` or raises `StudyError` naming file,
key, value and what is allowed. Not here: unfolding the grid (`expand`).
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from rankscope.errors import StudyError
from rankscope.study.specs import BaseSpec, Positive, Spec, SpectraSettings

Rank = Positive
LearningRate = Annotated[float, Field(gt=0)]
Alpha = Literal["r", "2r", "sqrt(r)"] | Annotated[float, Field(gt=0)]


class GridBlock(Spec):
    """One block of the grid; every list is an axis, and the block is the product of its axes."""

    method: Literal["full", "lora"]
    learning_rate: LearningRate | tuple[LearningRate, ...]
    train_on: str | tuple[str, ...] | None = None
    rank: Rank | tuple[Rank, ...] | None = None
    alpha: Alpha | tuple[Alpha, ...] | None = None
    target_modules: Literal["all-linear"] | tuple[str, ...] | None = None
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    rslora: bool | None = None
    allow_rank_above_dimension: bool | None = None
    seeds: tuple[int, ...] | None = None
    recipe: dict[str, Any] = Field(default_factory=dict)


class StudyFile(Spec):
    """A study file as written."""

    study: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: str
    question: str = ""
    base: BaseSpec | dict[str, Any]
    data: dict[str, dict[str, Any]]
    train_on: str | tuple[str, ...]
    recipe: dict[str, Any]
    seeds: tuple[int, ...]
    grid: tuple[GridBlock, ...]
    evaluate: dict[str, tuple[dict[str, Any], ...]]
    spectra: SpectraSettings | None = None
    headline: dict[Literal["learning", "forgetting"], str] | None = None


def read_study_file(path: Path) -> StudyFile:
    """Read and validate one study file.

    Raises:
        StudyError: the file is missing, is no YAML, or does not fit the models.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"{path}: there is no such study file") from None
    except yaml.YAMLError as error:
        raise StudyError(f"{path}: this is not valid YAML: {error}") from None
    try:
        # through JSON, where strict validation takes lists for tuples but no string for a number
        return StudyFile.model_validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        raise StudyError(f"{path}: {error}") from None
