"""What every record of a study is made of.

Guarantees: a record is frozen and refuses unknown keys and values of the wrong type, a number
written as a string included.
"""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

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

    def canonical(self) -> dict[str, Any]:
        """Return the record as JSON types, defaults included."""
        return self.model_dump(mode="json")

    def replaced(self, **changes: Any) -> Self:
        """Return a copy with other values, validated; unlike `model_copy` it is named anew."""
        values = {field: getattr(self, field) for field in type(self).model_fields}
        return type(self).model_validate(values | changes)


def slug(text: str) -> str:
    """Shorten a path or repository id to what is safe and readable in a file name."""
    tail = text.rstrip("/").rsplit("/", 1)[-1]
    safe = "".join(c if c.isalnum() or c == "_" else "-" for c in tail).lower()
    # what is longer could make a file name that no file system takes; these count bytes
    return safe.encode()[:LONGEST_SLUG].decode(errors="ignore") or "unnamed"
