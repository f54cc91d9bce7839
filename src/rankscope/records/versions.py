"""A version of a model: whatever can be measured, with where its weights lie.

Guarantees: a version has a name, the key columns of its rows, the base that it is loaded on and
compared with (`origin`), and says how its weights come from files: those of `folder` (an adapter,
or a full checkpoint; None for the base itself), with their difference from the base's times
`scale`. Whoever measures asks for nothing else, and never what it is a version of: every record
that can be measured gives its own (`Base.versions`, `Run.versions`). Reads no disk.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

Kept = Callable[[str, str], Mapping[int, Path]]
"""The steps that an artefact keeps, with their folders, by its verb and name: known once made."""


@dataclass(frozen=True)
class Version:
    """One model that can be measured.

    `name` is what its artefacts are called; `origin` the name of its base; `keys` the key columns
    of its rows (`records.keys.KEYS`). What others published says no more of its labels than its
    files do.
    """

    name: str
    origin: str
    folder: Path | None
    keys: dict[str, Any]
    scale: float = 1.0
    is_published: bool = False

    def scaled(self, factor: float) -> "Version":
        """Return W + factor · (W' − W): its whole update, multiplied; a method of its own."""
        method = f"{self.keys['method']} × {factor:g}"
        return replace(
            self,
            name=f"{self.name}-times-{factor:g}".replace(".", "_"),
            keys=self.keys | {"method": method},
            scale=self.scale * factor,
        )
