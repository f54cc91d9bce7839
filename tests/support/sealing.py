"""Manifests for artefacts that a test wrote by hand, as the stages would have written them."""

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

from rankscope.artefacts.hashes import file_sha256
from rankscope.artefacts.layout import place_of
from rankscope.artefacts.manifest import sealed


def seal(results: Path = Path("results")) -> None:
    """Write (again) the manifest of every artefact below `results`, from what lies there now.

    What a manifest says already, sealed or not, is kept, but for its name and outputs.
    """
    files: dict[Path, list[Path]] = defaultdict(list)
    names: dict[Path, str] = {}
    for path in sorted(each for each in results.rglob("*") if not each.name.startswith(".")):
        place = place_of(path.as_posix() + ("/" if path.is_dir() else ""))
        if place is None:
            continue
        manifest = Path(place.manifest)
        names[manifest] = place.name
        if not path.is_dir() and path != manifest:
            files[manifest].append(path)
    for manifest, name in names.items():
        content = json.loads(manifest.read_text("utf-8")) if manifest.exists() else {}
        outputs = {
            Path(os.path.relpath(each, manifest.parent)).as_posix(): file_sha256(each)
            for each in files[manifest]
        }
        # what a manifest lists of other artefacts it goes on listing
        for listed in content.get("outputs", {}):
            at = Path(os.path.normpath(manifest.parent / listed))
            if at.is_file() and at.parent != manifest.parent:
                outputs.setdefault(listed, file_sha256(at))
        content |= {"name": name, "outputs": outputs}
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(sealed(_complete(content)), "utf-8")


def _complete(content: dict[str, Any]) -> dict[str, Any]:
    content.pop("sha256", None)
    return {"stage": "test", "status": "done", "spec": {}, "inputs": {}, "results": {}} | content
