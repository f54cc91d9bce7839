"""Names of artefacts: a readable slug and a hash of everything that decides the content.

Guarantees: equal content (JSON types only) gives an equal name, on every machine and in every
session. What belongs to the content: `records.record`.
"""

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """Write `value` (JSON types only) so that equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def artefact_name(stage: str, slug: str, content: Any) -> str:
    """Return `slug-1a2b3c4d`: the hash covers the stage and the content."""
    text = canonical_json({"stage": stage, "content": content})
    return f"{slug}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
