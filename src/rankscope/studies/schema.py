"""The JSON schema of study files, and a way through it along a written value.

Guarantees: `study_schema` is generated from the models and nothing else; the committed copy in
`workflow/schemas/` is what editors read. `Node` answers what is allowed at a place, taking of each
union the branch that the written value chose.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from rankscope.studies.source import Place

SCHEMA = Path("workflow/schemas/study.schema.json")


class _WithoutTitles(GenerateJsonSchema):
    """Leaves out the titles that pydantic makes from the names of keys: they say nothing new."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def study_schema() -> str:
    """Return the schema of study files as JSON text."""
    from rankscope.studies.form import StudyFile

    schema = StudyFile.model_json_schema(schema_generator=_WithoutTitles)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class Node:
    """What the schema says about one value."""

    schema: dict[str, Any]
    definitions: dict[str, Any]
    siblings: dict[str, "Node"]
    """The branches of the discriminated union that the value did not choose."""
    tag_key: str = ""
    tag: str = ""

    @classmethod
    def of(cls, model: type[BaseModel]) -> "Node":
        """Return the node of a whole file."""
        schema = model.model_json_schema()
        return cls(schema, schema.get("$defs", {}), {})

    def at(self, place: Place, content: Any) -> "Node":
        """Follow `place` from here, where `content` is what was written here."""
        node = self._chosen(content)
        if not place:
            return node
        part, rest = place[0], place[1:]
        if isinstance(content, dict):
            below = node.schema.get("properties", {}).get(part)
            if below is None:
                any_key = node.schema.get("patternProperties", {}).values()
                below = next(iter(any_key), node.schema.get("additionalProperties") or {})
            inner = content.get(part)
        else:
            below = node.schema.get("items", {})
            inner = content[part] if isinstance(content, tuple) and isinstance(part, int) else None
        return self._node(below if isinstance(below, dict) else {}).at(rest, inner)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys allowed here."""
        return tuple(self.schema.get("properties", {}))

    @property
    def choices(self) -> tuple[str, ...]:
        """The words allowed here, if only some words are."""
        words = self.schema.get("enum", ())
        return tuple(map(str, words)) or ((self.tag,) if self.tag and not self.keys else ())

    @property
    def description(self) -> str:
        """What the model says about this key."""
        return str(self.schema.get("description", ""))

    @property
    def kind(self) -> str:
        """The type in words, if it is a plain one."""
        kinds = {
            "string": "text", "integer": "a whole number", "number": "a number", "array": "a list",
            "boolean": "true or false", "object": "a mapping (`key: value` lines)",
        }  # fmt: skip
        return kinds.get(str(self.schema.get("type")), "")

    def _node(self, schema: dict[str, Any]) -> "Node":
        return Node(schema, self.definitions, {})

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        reference = schema.get("$ref")
        if not reference:
            return schema
        outer = {key: value for key, value in schema.items() if key != "$ref"}
        return {**self.definitions[reference.rsplit("/", 1)[-1]], **outer}

    def _chosen(self, content: Any) -> "Node":
        """Resolve references and unions by what was written."""
        schema = self._resolved(self.schema)
        if "discriminator" in schema:
            return self._branch(schema, content)
        for branch in map(self._resolved, schema.get("anyOf", [])):
            if _fits(branch, content):
                outer = {key: value for key, value in schema.items() if key != "anyOf"}
                return self._node({**branch, **outer})._chosen(content)
        return Node(schema, self.definitions, self.siblings, self.tag_key, self.tag)

    def _branch(self, schema: dict[str, Any], content: Any) -> "Node":
        key, mapping = schema["discriminator"]["propertyName"], schema["discriminator"]["mapping"]
        tag = content.get(key) if isinstance(content, dict) else None
        if not isinstance(tag, str) or tag not in mapping:
            described = {key: {"enum": list(mapping)}}
            return self._node({"properties": described, "description": schema.get("description")})
        branches = {
            name: self._node(self._resolved({"$ref": reference}))
            for name, reference in mapping.items()
        }
        chosen = branches.pop(tag)
        return Node(chosen.schema, self.definitions, branches, key, tag)


def _fits(branch: dict[str, Any], content: Any) -> bool:
    if isinstance(content, dict):
        return "properties" in branch or "discriminator" in branch or branch.get("type") == "object"
    if isinstance(content, tuple):
        return branch.get("type") == "array"
    return branch.get("type") not in ("object", "array", "null") and "discriminator" not in branch
