"""What transformers makes of a checkpoint in memory: its classes, names, ties and stacks.

Guarantees: the model is built on torch's meta device, where no weight is allocated, by the class
that a checkpoint or adapter was made with; no code of the checkpoint runs. Costs the imports of
torch and transformers, some seconds, which is why `layout.PLAIN_TYPES` do without.
"""

import logging
from collections.abc import Iterator, Mapping
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rankscope.errors import ModelError
from rankscope.foreign import doing
from rankscope.weights.heads import CAUSAL, CLASS_OF_TASK
from rankscope.weights.layouts.conversion import Held, Sheet, follow
from rankscope.weights.layouts.layout import (
    Kind,
    Layout,
    Parameter,
    Piece,
    Ranges,
    holds_matrices,
    layer_of,
    plain_layout,
    whole_pieces,
)
from rankscope.weights.loading import read_config
from rankscope.weights.quantised import stored_shape
from rankscope.weights.tensor_files import StoredTensor

logger = logging.getLogger(__name__)

_ADVICE = "correct its config.json"
# modules of stacks that are in × out without saying so
_IN_BY_OUT = frozenset({"Llama4TextExperts", "GroupedLinearLayer"})


def is_installed() -> bool:
    """Say whether transformers can be asked."""
    return all(find_spec(name) is not None for name in ("torch", "transformers"))


def class_names(config: Mapping[str, Any], adapter: Mapping[str, Any]) -> list[str]:
    """Name the classes that may have held the model, the likeliest first.

    An adapter knows the class it was trained on, or its task; a checkpoint the one it was saved by.
    """
    named = (adapter.get("auto_mapping") or {}).get("base_model_class")
    task = CLASS_OF_TASK.get(str(adapter.get("task_type")))
    saved = config.get("architectures") or []
    general = (CAUSAL, "AutoModel") if adapter else ("AutoModel",)
    return list(dict.fromkeys(str(name) for name in (named, task, *saved, *general) if name))


def library_layouts(
    folder: Path, tensors: dict[str, StoredTensor], names: list[str]
) -> Iterator[Layout]:
    """Yield the layouts by the named classes of transformers, those that it has.

    Raises:
        ModelError: transformers cannot read the configuration, or build the model.
    """
    seen = set()
    for name in names:
        model = _meta_model(folder, name)
        if model is not None and type(model).__name__ not in seen:
            seen.add(type(model).__name__)
            yield _layout(model, tensors)


def _meta_model(folder: Path, name: str) -> Any:
    """Build the model of a folder by a class or auto class; None where there is none such."""
    import torch
    from transformers.utils import logging as library_logging

    verbosity = library_logging.get_verbosity()
    library_logging.set_verbosity_error()
    try:
        config = read_config(folder)
        made_by = _class(name, config)
        if made_by is None:
            return None
        if made_by.config_class is getattr(config, "sub_configs", {}).get("text_config"):
            config = config.get_text_config()
        task = f"no {made_by.__name__} can be built"
        with doing(folder, task, _ADVICE, ModelError), torch.device("meta"):
            return made_by(deepcopy(config))
    finally:
        library_logging.set_verbosity(verbosity)


def _class(name: str, config: Any) -> Any:
    """Return the class of models by name; None where there is none for the configuration."""
    import transformers

    made_by = getattr(transformers, name, None)
    mapping = getattr(made_by, "_model_mapping", None)
    if mapping is not None:
        found = mapping.get(type(config), None)
        made_by = found[0] if isinstance(found, tuple | list) else found
    takes = getattr(made_by, "config_class", None)
    text = getattr(config, "sub_configs", {}).get("text_config")
    return made_by if takes is not None and takes in (type(config), text) else None


def _layout(model: Any, tensors: dict[str, StoredTensor]) -> Layout:
    shapes = {
        name: stored_shape(name, tensors) if holds_matrices(name, tensors) else stored.shape
        for name, stored in tensors.items()
    }
    followed = follow(model, shapes)
    parameters = _parameters(model)
    pieces: list[Piece] = []
    for name, tensor in followed.whole.items():
        if name in parameters and holds_matrices(tensor, tensors):
            pieces.extend(whole_pieces(parameters[name], tensor, tensors))
    for name, held in followed.made.items():
        if name in parameters and parameters[name].kind != "other":
            pieces.extend(_pieces(parameters[name], held, shapes))
    placed = {piece.tensor for piece in pieces} | set(followed.whole.values())
    # what this class does not load is read as it is stored
    rest = plain_layout(
        model.config.to_dict(), {name: tensors[name] for name in tensors if name not in placed}
    )
    ties = dict(getattr(model, "all_tied_weights_keys", None) or {})
    made_by = type(model).__name__
    return Layout({**rest.parameters, **parameters}, (*pieces, *rest.pieces), ties, made_by)


def _parameters(model: Any) -> dict[str, Parameter]:
    from transformers import PreTrainedModel

    owners = {
        name: (str(each.config.model_type), each.config.to_dict())
        for name, each in model.named_modules()
        if isinstance(each, PreTrainedModel)
    }
    modules = dict(model.named_modules())
    found = {}
    for name, weight in model.named_parameters(remove_duplicate=False):
        path, _, own = name.rpartition(".")
        owner = path
        while owner not in owners:
            owner = owner.rpartition(".")[0]
        model_type, config = owners[owner]
        module = modules[path]
        kind = _kind(module, name, own, len(weight.shape))
        is_flipped = bool(getattr(module, "is_transposed", False))
        found[name] = Parameter(name, kind, model_type, config, is_flipped)
    return found


def _kind(module: Any, name: str, own: str, dimensions: int) -> Kind:
    import torch
    from transformers.pytorch_utils import Conv1D

    made_by = type(module).__name__
    if isinstance(module, torch.nn.Embedding):
        return "embedding"
    if isinstance(module, Conv1D) and own == "weight":
        return "conv1d"
    if isinstance(module, torch.nn.Linear):
        return "linear" if own == "weight" else "other"
    if dimensions == 2 and own == "weight" and "Norm" not in made_by:
        return "linear"  # a router of a class of its own
    is_stacked = hasattr(module, "is_transposed") or "Expert" in made_by or made_by in _IN_BY_OUT
    if dimensions != 3 or not is_stacked or layer_of(name) is None or "bias" in own:
        return "other"
    flips = getattr(module, "is_transposed", made_by in _IN_BY_OUT)
    return "transposed stack" if flips else "stack"


def _pieces(parameter: Parameter, held: Held, shapes: Mapping[str, tuple[int, ...]]) -> list[Piece]:
    """Turn the strips of a converted weight into pieces, one per matrix of the file."""
    sheets = [(None, held)] if isinstance(held, Sheet) else list(enumerate(held))
    return [piece for slot, sheet in sheets for piece in _of_sheet(parameter, slot, sheet, shapes)]


def _of_sheet(
    parameter: Parameter, slot: int | None, sheet: Sheet, shapes: Mapping[str, tuple[int, ...]]
) -> Iterator[Piece]:
    oriented = sheet.transposed() if parameter.is_flipped else sheet
    grouped: dict[tuple[str, int | None, bool], list[tuple[int, Any]]] = {}
    offset = 0
    for strip in oriented.strips:
        key = (strip.tensor, strip.expert, strip.flipped)
        grouped.setdefault(key, []).append((offset, strip))
        offset += len(strip.along(oriented.axis))
    for (tensor, expert, flipped), strips in grouped.items():
        memory = tuple(
            range(start, start + len(strip.along(oriented.axis))) for start, strip in strips
        )
        stored = shapes[tensor][-2:][:: -1 if flipped else 1]
        across = 1 - oriented.axis
        chosen: dict[int, Ranges | None] = {
            oriented.axis: tuple(strip.along(oriented.axis) for _, strip in strips),
            across: (strips[0][1].along(across),),
        }
        shape = [sum(len(part) for part in chosen[axis] or ()) for axis in (0, 1)]
        chosen = {axis: _unless_all(parts, stored[axis]) for axis, parts in chosen.items()}
        in_memory = _unless_all(memory, offset)
        yield Piece(
            tensor, parameter.name, (shape[0], shape[1]), expert, slot, flipped,
            rows=chosen[0], columns=chosen[1],
            memory_rows=in_memory if oriented.axis == 0 else None,
            memory_columns=in_memory if oriented.axis == 1 else None,
        )  # fmt: skip


def _unless_all(parts: Ranges | None, size: int) -> Ranges | None:
    return None if parts == (range(size),) else parts
