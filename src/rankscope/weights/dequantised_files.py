"""A base that transformers and peft cannot take as it is stored, written in float32.

Such are weights in 4 or 8 bits, and names with what wrappers of torch put in (`_orig_mod.`).

Guarantees: the weights are those that `quantised` reads, by formula and not by a kernel of this
machine, the names those of `Model.tensors`; all other values are copied as they are. One shard of
the base is in memory at a time.
"""

from pathlib import Path

import numpy as np

from rankscope.artefacts.files import write_json
from rankscope.weights.matrices import Model
from rankscope.weights.quantised import dequantise, is_quantisation_state, is_quantised
from rankscope.weights.tensor_files import is_wrapped


def write_float32(model: Model, out: Path) -> bool:
    """Write the weights of a quantised or wrapped model to `out`; say whether it is such a one.

    Of any other, nothing is written.
    """
    from safetensors.numpy import save_file

    quantised = any(is_quantised(name, model.tensors) for name in model.tensors)
    if not quantised and not is_wrapped(model.tensors):
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
