"""References to data variants: a study file names a variant once and refers to it by its label.

Guarantees: a field annotated with `ByLabel` takes a variant written out in place or the label of
one that the study file defines (in any order), and always holds the variant itself, so that a
record never depends on a label. Without a `Variants` context every label is unknown.
"""

from collections.abc import Callable
from typing import Any, get_args

from pydantic import (
    BaseModel,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

REPORTED_ELSEWHERE = "rankscope_reported_elsewhere"
"""Type of an error that repeats one reported where the variant is defined."""


class Variants:
    """The `data` section as written; passed as the validation context of a study file.

    `kind` is the type of a variant: a union of records that differ in their `source`. `look` says
    what lies where a record points to (see `records.found`).
    """

    def __init__(
        self, written: dict[str, Any], kind: Any, look: Callable[[Any], str | None]
    ) -> None:
        self.look = look
        self._written = written
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)
        self._sources = _sources(kind)
        self._known: dict[str, Any] = {}

    def variant(self, label: str, allowed: tuple[str, ...]) -> Any:
        """Return the validated variant called `label`, whose source must be among `allowed`."""
        if label not in self._written:
            raise _unknown(label, self._written)
        written = self._written[label]
        source = written.get("source") if isinstance(written, dict) else None
        # looked at before the variant is validated, so that none can contain itself
        if source in self._sources and source not in allowed:
            raise PydanticCustomError(
                "rankscope_wrong_kind",
                "the data variant {label} has the source {source}; allowed here: {allowed}",
                {"label": f'"{label}"', "source": source, "allowed": ", ".join(allowed)},
            )
        if label not in self._known:
            try:
                self._known[label] = self._adapter.validate_python(written, context=self)
            except ValidationError:
                raise PydanticCustomError(REPORTED_ELSEWHERE, "see the data variant") from None
        return self._known[label]


class ByLabel:
    """Annotation of a field that takes a data variant or the label of one."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Look labels up in the context before the variant itself is validated."""
        allowed = _sources(source)

        def resolve(
            value: Any,
            validate: core_schema.ValidatorFunctionWrapHandler,
            info: core_schema.ValidationInfo,
        ) -> Any:
            if not isinstance(value, str):
                return validate(value)
            if not isinstance(info.context, Variants):
                raise _unknown(value, {})
            return info.context.variant(value, allowed)

        return core_schema.with_info_wrap_validator_function(resolve, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe both ways of writing it, for editors."""
        label = {"type": "string", "description": "Label of a variant in the section `data`."}
        return {"anyOf": [label, handler(schema)]}


def _unknown(label: str, written: dict[str, Any]) -> PydanticCustomError:
    return PydanticCustomError(
        "rankscope_unknown_label",
        "no data variant is called {label}; the section `data` defines: {defined}",
        {
            "label": f'"{label}"',
            "defined": ", ".join(map(str, written)) or "none",
            "known": list(written),
        },
    )


def _sources(kind: Any) -> tuple[str, ...]:
    """The sources of the records in a type such as `Annotated[A | B, …]`."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return tuple(map(str, get_args(kind.model_fields["source"].annotation)))
    return tuple(source for part in get_args(kind) for source in _sources(part))
