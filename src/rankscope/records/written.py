"""Shorthands of study files: one value for a list of one, a word for a record, part of a record.

Guarantees: all validate as strictly as the type behind them and appear in the JSON schema for
editors.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema


class OneOrMore:
    """Annotation of a tuple that may be written as a single value; not empty, nothing twice."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Wrap a single value before, and look at the entries after validation."""
        return core_schema.no_info_after_validator_function(
            _refuse_empty_and_repeated,
            core_schema.no_info_before_validator_function(_as_tuple, handler(source)),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe both ways of writing it, for editors."""
        entries = handler(schema)
        return {"anyOf": [entries["items"], {**entries, "minItems": 1, "uniqueItems": True}]}


def _as_tuple(value: Any) -> Any:
    if isinstance(value, list):  # records read back from JSON
        return tuple(value)
    return value if isinstance(value, tuple) or value is None else (value,)


def _refuse_empty_and_repeated(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values:
        raise PydanticCustomError("rankscope_empty", "the list is empty; give at least one entry")
    seen = set()
    for value in values:
        if value in seen:
            raise PydanticCustomError(
                "rankscope_repeated",
                "{value} stands twice in the list; remove one",
                {"value": getattr(value, "name", value)},
            )
        seen.add(value)
    return values


class Labelled(Protocol):
    """A record that has a word for itself."""

    @property
    def label(self) -> str:
        """The word."""


class InAWord:
    """Annotation of a record that may be written as the label of one of those given here."""

    def __init__(self, *records: Labelled) -> None:
        self._records = {record.label: record for record in records}

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Look a word up; JSON, which records are read back from, has them written out."""
        expected = ", ".join(f"'{word}'" for word in self._records)

        def record(value: Any, validate: core_schema.ValidatorFunctionWrapHandler) -> Any:
            if isinstance(value, dict | BaseModel):
                return validate(value)
            if not isinstance(value, str) or value not in self._records:
                raise PydanticKnownError("literal_error", {"expected": expected})
            return self._records[value]

        written_out = handler(source)
        return core_schema.json_or_python_schema(
            written_out, core_schema.no_info_wrap_validator_function(record, written_out)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe both ways of writing it, for editors."""
        return {"anyOf": [{"type": "string", "enum": list(self._records)}, handler(schema)]}


@dataclass(frozen=True)
class PartOf:
    """Annotation of a mapping with some of the keys of `record`, each validated as there."""

    record: type[BaseModel]
    without: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Build a mapping none of whose keys is required."""
        del source
        fields = {}
        for name, field in self.record.model_fields.items():
            if name not in self.without:
                kind: Any = field.annotation
                for constraint in field.metadata:
                    kind = Annotated[kind, constraint]
                fields[name] = core_schema.typed_dict_field(
                    handler.generate_schema(kind),
                    required=False,
                    metadata={
                        "pydantic_js_updates": {"description": field.description}
                        if field.description
                        else {}
                    },
                )
        return core_schema.typed_dict_schema(
            fields, extra_behavior="forbid", config={"strict": True, "allow_inf_nan": False}
        )
