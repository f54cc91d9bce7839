"""What every record of a study is made of, and how an artefact gets its name.

Guarantees: a record is frozen and refuses unknown keys and values of the wrong type, a number
written as a string included. Two artefacts have the same name exactly when all that decides them is
the same: their own values, the names of the artefacts they are made from, and the versions of their
classes. The version of a class is raised by hand when it makes something else of the same values;
what was made before stays where it is, beside the new. Reads no disk.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from rankscope.records.naming import artefact_name

HeldOut = Annotated[
    float,
    Field(gt=0, lt=1, description="share of the documents that is kept for evaluation"),
]
MaxBytes = Annotated[int, Field(gt=0, description="most text to take, in UTF-8 bytes")] | None
Fraction = Annotated[float, Field(gt=0, lt=1)]
LONGEST_SLUG = 80
LARGEST = 1_000_000_000
"""Above any number of steps, tokens, items or rows that a study could mean."""
Positive = Annotated[int, Field(gt=0, le=LARGEST)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Revision = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{40}$",
        description="the full commit hash of the repository, 40 hexadecimal digits (its history on"
        " the hub shows it); a branch or tag can move, and the results with it",
    ),
]


class Spec(BaseModel):
    """A frozen, strict record."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    version: ClassVar[int] = 1
    """Raised when the class makes something else of the same values."""

    def canonical(self) -> dict[str, Any]:
        """Return the record as JSON types, defaults included."""
        return self.model_dump(mode="json")

    def identity(self) -> dict[str, Any]:
        """Return what decides an artefact: as `canonical`, with artefacts by name, and versions."""
        values = {field: _identity(getattr(self, field)) for field in type(self).model_fields}
        return values | {"version": self.version}

    def replaced(self, **changes: Any) -> Self:
        """Return a copy with other values, validated; unlike `model_copy` it is named anew."""
        values = {field: getattr(self, field) for field in type(self).model_fields}
        return type(self).model_validate(values | changes)


class Artefact(Spec):
    """A record of something that is made once, under a name, from other artefacts."""

    stage: ClassVar[str]
    """The stage that makes it."""

    verb: ClassVar[str]
    """The verb that makes it, which tells where it lies too: `data rows`; see `layout.HOMES`."""

    def identity(self) -> dict[str, Any]:
        """Add the names of what it is made from, whether among its fields or not."""
        return super().identity() | {"sources": [source.name for source in self.sources]}

    @property
    def slug(self) -> str:
        """The readable part of its name."""
        raise NotImplementedError(type(self))

    @cached_property
    def name(self) -> str:
        """What it is called: on the disk, in tables, and by the records that are made from it."""
        return artefact_name(self.stage, self.slug, self.identity())

    @cached_property
    def sources(self) -> tuple["Artefact", ...]:
        """The artefacts that it is made from: those among its fields, unless a class differs."""
        return tuple(_artefacts(getattr(self, field) for field in type(self).model_fields))


def _identity(value: Any) -> Any:
    """What of a field's value decides an artefact, in JSON types."""
    if isinstance(value, Artefact):
        return value.name
    if isinstance(value, Spec):
        return value.identity()
    if isinstance(value, tuple):
        return [_identity(each) for each in value]
    if isinstance(value, dict):
        return {key: _identity(each) for key, each in value.items()}
    return value


def _artefacts(values: Any) -> Iterator[Artefact]:
    """Yield the artefacts among values, and in the records and lists among them."""
    for value in values:
        if isinstance(value, Artefact):
            yield value
        elif isinstance(value, Spec):
            yield from _artefacts(getattr(value, field) for field in type(value).model_fields)
        elif isinstance(value, tuple | dict):
            yield from _artefacts(value.values() if isinstance(value, dict) else value)


def readable(text: str) -> str:
    """Shorten a path or repository id to what is safe and readable in a file name."""
    tail = text.rstrip("/").rsplit("/", 1)[-1]
    safe = "".join(c if c.isalnum() or c == "_" else "-" for c in tail).lower()
    # what is longer could make a file name that no file system takes; these count bytes
    return safe.encode()[:LONGEST_SLUG].decode(errors="ignore") or "unnamed"
