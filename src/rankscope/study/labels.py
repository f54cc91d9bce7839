"""References to data variants: a study file names a variant once and refers to it by its label.

Guarantees: a field annotated with `ByLabel` takes a variant written out in place or the label of
one that the study file defines (in any order), and always holds the variant itself, so that a
record never depends on a label. Without a `Variants` context every label is unknown.
"""

from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

REPORTED_ELSEWHERE = "rankscope_reported_elsewhere"
"""Type of an error that repeats one reported where the variant is defined."""


@dataclass
class Variants:
    """The `data` section as written; passed as the validation context."""

    written: dict[str, Any]
    adapter: TypeAdapter[Any]
    _known: dict[str, Any] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)

    def variant(self, label: str) -> Any:
        """Return the validated variant called `label`."""
        if label not in self.written:
            defined = ", ".join(map(str, self.written)) or "none"
            raise PydanticCustomError(
                "rankscope_unknown_label",
                "no data variant is called {label}; the section `data` defines: {defined}",
                {"label": f'"{label}"', "defined": defined, "known": list(self.written)},
            )
        if label in self._open:
            raise PydanticCustomError(
                "rankscope_circular_label",
                "the data variant {label} refers to itself",
                {"label": f'"{label}"'},
            )
        if label not in self._known:
            self._open.append(label)
            try:
                self._known[label] = self.adapter.validate_python(self.written[label], context=self)
            except ValidationError:
                raise PydanticCustomError(REPORTED_ELSEWHERE, "see the data variant") from None
            finally:
                self._open.pop()
        return self._known[label]


class ByLabel:
    """Annotation of a field that takes a data variant or the label of one."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Look labels up in the context before the variant itself is validated."""
        kinds = _record_types(source)

        def resolve(
            value: Any,
            validate: core_schema.ValidatorFunctionWrapHandler,
            info: core_schema.ValidationInfo,
        ) -> Any:
            if not isinstance(value, str):
                return validate(value)
            variants = info.context if isinstance(info.context, Variants) else None
            variant = (variants or Variants({}, TypeAdapter(Any))).variant(value)
            if not isinstance(variant, kinds):
                raise PydanticCustomError(
                    "rankscope_wrong_kind",
                    "the data variant {label} has the source {source}; allowed here: {allowed}",
                    {
                        "label": f'"{value}"',
                        "source": variant.source,
                        "allowed": ", ".join(_source(kind) for kind in kinds),
                    },
                )
            return variant

        return core_schema.with_info_wrap_validator_function(resolve, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe both ways of writing it, for editors."""
        label = {"type": "string", "description": "Label of a variant in the section `data`."}
        return {"anyOf": [label, handler(schema)]}


def _record_types(source: Any) -> tuple[type, ...]:
    """The record classes of a type such as `Annotated[A | B, …]`."""
    if isinstance(source, type):
        return (source,)
    return tuple(kind for part in get_args(source) for kind in _record_types(part))


def _source(kind: Any) -> str:
    return str(get_args(kind.model_fields["source"].annotation)[0])
