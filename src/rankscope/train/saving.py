"""How the weights of a run are saved: in the layout of their library, the same for equal runs.

Guarantees: two equal runs give equal files, bit by bit: peft writes the modules of an adapter in
the order of a set, which differs between processes, so that they are sorted here. An adapter names
its base as the study does, by the hub's id and revision or by the given path, so that it can be
loaded elsewhere; a base that was pre-trained here has no other name than its folder.
"""

import json
from pathlib import Path
from typing import Any

from rankscope.artefacts.files import write_json
from rankscope.records.bases import Reference

ADAPTER_CONFIG = "adapter_config.json"


def save(model: Any, base: Reference, folder: Path) -> None:
    """Save `model`, of transformers or peft, trained on `base`, in its library's own layout."""
    model.save_pretrained(folder)
    # peft writes a model card that names the base's path on this machine
    (folder / "README.md").unlink(missing_ok=True)
    config = folder / ADAPTER_CONFIG
    if config.exists():
        content = json.loads(config.read_text("utf-8"))
        content |= {"base_model_name_or_path": base.name, "revision": base.revision}
        for key in ("target_modules", "exclude_modules", "modules_to_save"):
            if isinstance(content.get(key), list):
                content[key] = sorted(content[key])
        write_json(config, content)
