"""A base with its linear layers in 4 bits: made once, and read for training or for measuring.

Guarantees: the checkpoint is bitsandbytes' own layout as transformers saves it (NF4, blocks of 64
weights, double quantisation); embeddings, norms and the output head stay in float32, as
transformers leaves them. Runs are trained on these stored weights, and evaluation and spectra bring
the same ones back to float32: an adapter is merged onto what it was trained on, not onto the base
from which that was rounded. Quantising is done on the CPU everywhere, so that no GPU's rounding
enters a base.

Some of bitsandbytes' kernels do not compute with what is stored: version 0.50 on a CPU mixes the
blocks up of matrices whose rows end inside a block (344 columns are right, 352 are not). So every
model read here is compared with the formula, one matrix of each shape, and refused if it differs.

Not here: LLM.int8(), which rounds the activations too: no merged model would predict what the
trained one does.
"""

import logging
import shutil
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from transformers import BitsAndBytesConfig, PreTrainedModel
from transformers.utils import logging as transformers_logging

from rankscope.artefacts.files import replacing_folder
from rankscope.artefacts.reading import verified
from rankscope.errors import ModelError
from rankscope.records.bases import MODEL_FILES
from rankscope.records.runs import QuantisedBase
from rankscope.weights.heads import load, own_head
from rankscope.weights.matrices import Model, open_model

logger = logging.getLogger(__name__)

CLOSE = 1e-5
"""Largest difference from the formula, as a share of the largest weight; rounding is 1e-7."""


def quantise(spec: QuantisedBase, base: Path, output: Path) -> None:
    """Write the model folder `base` quantised into `output`.

    Raises:
        ArtefactError: the base is not what was written.
        ModelError: the base cannot be loaded, or it has no layer to quantise.
    """
    verified(base)
    transformers_logging.disable_progress_bar()
    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=spec.quantisation,
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.float32,
    )
    model = load(
        base,
        own_head(base),
        dtype=torch.float32,
        quantization_config=config,
        device_map={"": "cpu"},
    )
    if not linears(model):
        raise ModelError(f"{base}: bitsandbytes finds no linear layer to quantise in this model")
    with replacing_folder(output) as folder:
        model.save_pretrained(folder)
        # the tokenizer, and whatever else is neither weights nor what was just written
        for path in (found for pattern in MODEL_FILES for found in base.glob(pattern)):
            if ".safetensors" not in path.name and not (folder / path.name).exists():
                shutil.copy(path, folder / path.name)


def ready_for_training(
    model: PreTrainedModel, folder: Path, precision: Literal["float32", "bfloat16"]
) -> None:
    """Let a quantised model compute in the precision of its recipe, once it is known to be right.

    peft's `prepare_model_for_kbit_training` has nothing to do: what is not quantised is in float32
    already, peft freezes the base, and activations are not checkpointed in any run.

    Raises:
        ModelError: bitsandbytes does not compute with the stored weights on this machine.
    """
    _compare_with_formula(model, folder)
    for layer in linears(model).values():
        layer.compute_dtype = torch.float32 if precision == "float32" else torch.bfloat16


def dequantised(model: PreTrainedModel, folder: Path) -> Any:
    """Return a quantised model with ordinary float32 layers of the weights it computes with.

    Raises:
        ModelError: bitsandbytes does not compute with the stored weights on this machine.
    """
    _compare_with_formula(model, folder)
    return model.dequantize(torch.float32)


def linears(model: torch.nn.Module) -> dict[str, Any]:
    """The layers of `model` that hold 4-bit weights, by name."""
    from bitsandbytes.nn import Linear4bit

    return {name: layer for name, layer in model.named_modules() if isinstance(layer, Linear4bit)}


def _compare_with_formula(model: PreTrainedModel, folder: Path) -> None:
    """Compare one matrix of each shape with what the formula makes of the stored weights."""
    from bitsandbytes.functional import dequantize_4bit

    stored = open_model(folder)
    by_shape = {
        tuple(layer.weight.quant_state.shape): name for name, layer in linears(model).items()
    }
    for shape, name in by_shape.items():
        weight = model.get_submodule(name).weight
        used = dequantize_4bit(weight.data, weight.quant_state).float().cpu().numpy()
        meant = _by_formula(stored, name)
        if meant.shape != used.shape or np.abs(used - meant).max() > CLOSE * np.abs(meant).max():
            rows, columns = shape
            raise ModelError(
                f"{folder}: bitsandbytes computes with other weights than are stored: {name}"
                f" ({rows} × {columns}) on this machine's {weight.device.type}; it would be trained"
                " on weights that nothing else sees. Train it on a GPU, or without `quantisation`"
            )


def _by_formula(stored: Model, module: str) -> np.ndarray:
    tensor = stored.find(module)
    if tensor is None:
        raise ModelError(f"{stored.folder}: there is no stored weight of {module}")
    return stored.read_whole(tensor)
