"""What a record names and does not hold: files of the user, the running Python's own library.

Guarantees: reads no disk. What lies there is found by whoever reads a study file, and handed in as
the field `found`; it decides the artefact's name, so that other files under the same path are
another artefact. In a study file the field is an unknown key, and the schema for editors leaves it
out; in JSON, and in a record that is made in code, it is a field like any other.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import (
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticKnownError, PydanticOmit, core_schema

from rankscope.records.labels import Variants
from rankscope.records.record import Spec


class _NotWritten:
    """Annotation of a field that no one writes in a study file."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Refuse the key as an unknown one where a study file is read."""

        def refuse(
            value: Any,
            validate: core_schema.ValidatorFunctionWrapHandler,
            info: core_schema.ValidationInfo,
        ) -> Any:
            if isinstance(info.context, Variants):
                raise PydanticKnownError("extra_forbidden")
            return validate(value)

        return core_schema.with_info_wrap_validator_function(refuse, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Leave the field out."""
        raise PydanticOmit


@dataclass(frozen=True)
class FileSet:
    """Files that a study names: the one at `root`, or some of the folder `root`.

    `patterns` fit names in the folder itself, `suffixes` those of files at any depth; with neither
    of them `root` is a file.
    """

    root: str
    patterns: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()


class Located(Spec):
    """A record of what lies outside the study; `found` says which content lay there.

    It is None where nothing lay there, or where nobody looked.
    """

    found: Annotated[str | None, _NotWritten()] = None

    @model_validator(mode="after")
    def _look(self, info: ValidationInfo) -> Self:
        if not isinstance(info.context, Variants):
            return self
        return self.replaced(found=info.context.look(self))

    @property
    def file_sets(self) -> tuple[FileSet, ...]:
        """The files whose content is meant; none where it is no files of the user's."""
        return ()
