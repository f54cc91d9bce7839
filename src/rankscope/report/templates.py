"""Templates of HTML, filled in: of the page, and of the parts that chapters bring."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

Filters = Mapping[str, Callable[..., Any]]


def rendered(
    template: Path, content: Mapping[str, Any], filters: Filters = MappingProxyType({})
) -> str:
    """Fill in a template; text is escaped, and a name that is not in `content` is an error."""
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters)
    return environment.get_template(template.name).render(content)
