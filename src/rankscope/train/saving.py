"""How the weights of a run are saved: in the layout of their library, the same for equal runs.

Guarantees: two equal runs give equal files, bit by bit: peft writes the modules of an adapter in
the order of a set, which differs between processes, so that they are sorted here. An adapter names
its base as the study does, by the hub's id and revision or by the given path, so that it can be
loaded elsewhere; a base that was pre-trained here has no other name than its folder.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rankscope.artefacts import layout
from rankscope.artefacts.files import write_json
from rankscope.records.bases import HubBase, LocalBase, QuantisedBase, TrainedBase

ADAPTER_CONFIG = "adapter_config.json"


@dataclass(frozen=True)
class BaseReference:
    """What an adapter calls its base: a path or the hub's id, and the hub's revision."""

    name: str
    revision: str | None = None

    @classmethod
    def of(cls, base: TrainedBase) -> "BaseReference":
        """The reference of `base`; a quantised one is known by what it was made from."""
        if isinstance(base, QuantisedBase):
            return cls.of(base.of)
        if isinstance(base, HubBase):
            return cls(base.repository, base.revision)
        if isinstance(base, LocalBase):
            return cls(base.path)
        return cls(layout.base_model(base.name))


def save(model: Any, base: BaseReference, folder: Path) -> None:
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
