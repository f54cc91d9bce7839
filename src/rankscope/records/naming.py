"""Names of artefacts: a readable slug and a hash of everything that decides the content.

Guarantees: two specs have the same name exactly when their canonical JSON and their stage's
version are the same, on every machine and in every session. The version of a stage is raised by
hand when its outputs change for the same spec; cached artefacts of the old version then stay where
they are, beside the new ones.
"""

import hashlib
import json
from typing import Any

STAGE_VERSIONS = {"data": 2, "base": 2, "train": 2, "evaluate": 4, "spectra": 3}


def canonical_json(value: Any) -> str:
    """Write `value` (JSON types only) so that equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def artefact_name(stage: str, slug: str, content: Any) -> str:
    """Return `slug-1a2b3c4d`: the hash covers the stage's version and the canonical content."""
    text = canonical_json({"stage": stage, "version": STAGE_VERSIONS[stage], "content": content})
    return f"{slug}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
