"""A base whose weights are stored in 4 or 8 bits, written in float32.

Guarantees: the weights are those that `quantised` reads, by formula and not by a kernel of this
machine; all others are copied as they are. One shard of the base is in memory at a time.
"""

from pathlib import Path

import numpy as np

from rankscope.artefacts.files import write_json
from rankscope.weights.matrices import Model
from rankscope.weights.quantised import dequantise, is_quantisation_state, is_quantised


def write_float32(model: Model, out: Path) -> bool:
    """Write the weights of a quantised model to `out` in float32; say whether it is quantised.

    Of a model that is not, nothing is written.
    """
    from safetensors.numpy import save_file

    if not any(is_quantised(name, model.tensors) for name in model.tensors):
        return False
    weight_map: dict[str, str] = {}
    for shard in sorted({stored.path for stored in model.tensors.values()}):
        tensors = {
            name: np.ascontiguousarray(
                dequantise(name, model.tensors)
                if is_quantised(name, model.tensors)
                else stored.read()
            )
            for name, stored in model.tensors.items()
            if stored.path == shard and not is_quantisation_state(name, model.tensors)
        }
        save_file(tensors, out / shard.name, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(tensors, shard.name)
    if len(set(weight_map.values())) > 1:
        index = {"metadata": {}, "weight_map": weight_map}
        write_json(out / "model.safetensors.index.json", index)
    return True
