"""Artefacts that one job makes one by one: what is whole stays when the job is killed.

Guarantees: a part is whole on its own, with its own manifest. The manifest of the job lists its
parts and is written last, so that it says that all are there. A part that is still what was
written, and was made from what lies there now, need not be made again (`is_current`).
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rankscope.artefacts.manifest import Manifest
from rankscope.artefacts.reading import intact_files, read_manifest
from rankscope.errors import ArtefactError


@dataclass(frozen=True)
class Part:
    """What one version of a model said of one evaluation, or its scores.

    `version` and `evaluation` are their names in files (`Version.name`, `records.evaluations.key`).
    """

    version: str
    evaluation: str

    @property
    def name(self) -> str:
        """Name of the artefact."""
        return f"{self.version}-{self.evaluation}"


def is_current(manifest: Path, spec: dict[str, Any], inputs: dict[str, str]) -> bool:
    """Say whether a part is whole, as `spec` says, and made from what has the hashes `inputs`."""
    try:
        content = read_manifest(manifest)
    except ArtefactError:
        return False
    made = (content["spec"], content["inputs"]) == (spec, inputs)
    return made and len(intact_files(manifest)) == len(content["outputs"])


def list_parts(record: Manifest, files: Iterable[tuple[Part, Path]]) -> None:
    """Write in a job's manifest which parts it is about, and in which file each lies."""
    listed = []
    for part, path in files:
        record.covers(path)
        listed.append(asdict(part))
    record.results["parts"] = listed


def parts_of(manifest: Path) -> list[Part]:
    """Return the parts that a job's manifest lists.

    Raises:
        ArtefactError: it is not there, or not what was written.
    """
    return [Part(**each) for each in read_manifest(manifest)["results"]["parts"]]
