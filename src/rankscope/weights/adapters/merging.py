"""Adapters that are no plain LoRA, merged into their base by peft itself.

Guarantees: of whatever peft can load and merge (IA³, LoHa, LoKr, AdaLoRA, VeRA, OFT, …) the merged
float32 weight of every layer that it changes is kept, under the adapter's own names, and is read
like a weight that was trained whole. peft gets copies of what it needs and nothing else: the base
in float32, dequantised where it is stored in 4 or 8 bits; a head of as many labels as the adapter's
own; the adapter's safetensors, and of its configuration nothing that names code or other files. An
adapter that peft loads differently every time is refused: its files do not say what was trained, as
are methods that change no weight (prompts, prefixes). Needs transformers and peft, and memory and
disk for the whole model in float32, which plain LoRA does not.
"""

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rankscope.artefacts.files import write_json
from rankscope.errors import ModelError
from rankscope.foreign import doing
from rankscope.weights.adapters.adapter_config import (
    ADAPTER_CONFIG,
    MERGED,
    is_plain_lora,
    read_adapter_config,
    refuse_lost_start,
)
from rankscope.weights.adapters.peft_models import base_config, class_of, load_adapter
from rankscope.weights.dequantised_files import write_float32
from rankscope.weights.heads import CAUSAL, with_all_weights
from rankscope.weights.loading import read_model
from rankscope.weights.matrices import Model, open_model
from rankscope.weights.sources import Source
from rankscope.weights.tensor_files import StoredTensor, list_tensors

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

_PREFIX = "base_model.model."
# of an adapter's configuration: what peft would import, or fetch from other folders
_NAMES_CODE = ("megatron_config", "megatron_core", "auto_mapping", "revision")
_ELSEWHERE = frozenset({"XLORA"})
_SAVE_MERGED = (
    "merge it where it was trained (`merge_and_unload()`, in float32), save the model and give that"
)


@contextmanager
def readable(sources: Sequence[Source], base: Path) -> Iterator[list[Source]]:
    """Give the sources with every adapter that is no plain LoRA replaced by its merged layers.

    Raises:
        ModelError: peft cannot load or merge an adapter.
    """
    with tempfile.TemporaryDirectory(prefix="rankscope-merged-") as folder:
        prepared = []
        for number, source in enumerate(sources):
            config = read_adapter_config(source.folder)
            if config is None or is_plain_lora(config):
                prepared.append(source)
                continue
            merged = Path(folder) / str(number)
            logger.info("%s: %s, merged by peft first", source.label, config.get("peft_type"))
            merge(source.folder, config, base, merged)
            prepared.append(Source(source.label, merged))
        try:
            yield prepared
        except ModelError as error:
            raise ModelError(_with_own_folders(str(error), sources, prepared)) from error


def _with_own_folders(text: str, sources: Sequence[Source], prepared: Sequence[Source]) -> str:
    """Name the folders of the sources in a message, not those that they were merged into."""
    for source, merged in zip(sources, prepared, strict=True):
        text = text.replace(str(merged.folder), str(source.folder))
    return text


def merge(adapter: Path, config: Mapping[str, Any], base: Path, out: Path) -> None:
    """Write the merged layers of an adapter to `out`, and what else it trained.

    Raises:
        ModelError: the adapter changes no weights, peft cannot load or merge it, or loads another
            at every time.
    """
    refuse_lost_start(adapter, config)
    _check_kind(adapter, config)
    tensors = list_tensors(adapter, "adapter_model")
    with tempfile.TemporaryDirectory(prefix="rankscope-base-") as folder:
        place = Path(folder)
        _copy_adapter(adapter, config, place / "adapter")
        _copy_base(open_model(base), tensors, place / "base")
        kind = class_of(config, open_model(base).config)

        def attempt(seed: int) -> dict[str, "torch.Tensor"]:
            return _merged_layers(adapter, config, base, place, kind, seed)

        layers = attempt(0)
        _check_redone(adapter, config, layers, attempt(1))
    found = {name: layer.contiguous().numpy() for name, layer in layers.items()}
    modules = {name.rpartition(".")[0] for name in found}
    rest = {
        name: stored.read()
        for name, stored in tensors.items()
        if name.startswith(_PREFIX) and not _belongs(name.removeprefix(_PREFIX), modules)
    }
    out.mkdir(parents=True)
    from safetensors.numpy import save_file

    whole = {f"{_PREFIX}{name}": layer for name, layer in found.items()}
    save_file(
        {name: np.ascontiguousarray(tensor) for name, tensor in (whole | rest).items()},
        out / "adapter_model.safetensors",
    )
    # by these the names of modules are understood
    kept = {name: config.get(name) for name in ("task_type", "auto_mapping")}
    write_json(out / ADAPTER_CONFIG, kept | {"peft_type": MERGED})


def _belongs(name: str, modules: set[str]) -> bool:
    """Say whether an adapter's tensor is a part of one of the merged modules."""
    parts = name.split(".")
    return any(".".join(parts[:length]) in modules for length in range(1, len(parts)))


def _check_kind(adapter: Path, config: Mapping[str, Any]) -> None:
    """Refuse, before anything is loaded, what has no merged weights."""
    from peft import PeftType
    from peft.mapping import PEFT_TYPE_TO_TUNER_MAPPING

    kind = str(config.get("peft_type"))
    if kind not in PeftType.__members__:
        raise ModelError(
            f"{adapter}: peft {_version()} knows no adapter of the kind {kind!r} "
            f"(peft_type in {ADAPTER_CONFIG}); take a newer peft, or {_SAVE_MERGED}"
        )
    if kind in _ELSEWHERE or config.get("arrow_config"):
        raise ModelError(
            f"{adapter}: a {kind} adapter mixes the adapters of other folders, for each input in "
            "another way; inspect these adapters themselves"
        )
    tuner = PEFT_TYPE_TO_TUNER_MAPPING.get(PeftType[kind])
    if not hasattr(tuner, "merge_adapter"):
        raise ModelError(
            f"{adapter}: a {kind} adapter changes no weight of its base; there is no spectrum to "
            "inspect"
        )


def _version() -> str:
    import peft

    return str(peft.__version__)


def _copy_adapter(adapter: Path, config: Mapping[str, Any], out: Path) -> None:
    """Give peft the adapter without a pickle, and without what names code or other folders."""
    out.mkdir()
    kept = {name: value for name, value in config.items() if name not in _NAMES_CODE}
    write_json(out / ADAPTER_CONFIG, kept | {"base_model_name_or_path": None})
    (out / "adapter_model.safetensors").symlink_to(
        (adapter / "adapter_model.safetensors").resolve()
    )


def _copy_base(model: Model, adapter: Mapping[str, StoredTensor], out: Path) -> None:
    """Give transformers the base in float32, with as many labels as the adapter's head has."""
    out.mkdir()
    write_json(out / "config.json", base_config(model.config, adapter))
    if write_float32(model, out):
        return
    for path in model.folder.iterdir():
        if path.name.endswith((".safetensors", ".safetensors.index.json")):
            (out / path.name).symlink_to(path.resolve())


def _merged_layers(
    adapter: Path, config: Mapping[str, Any], base: Path, place: Path, kind: str, seed: int
) -> dict[str, "torch.Tensor"]:
    """Load base and adapter, merge, and return the weights of the layers that it changes."""
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer

    torch.manual_seed(seed)
    try:
        model, absent = read_model(place / "base", kind, dtype=torch.float32)
        if kind == CAUSAL:  # the others' heads may be the adapter's own
            with_all_weights(place / "base", model, absent)
    except ModelError as error:
        raise ModelError(str(error).replace(str(place / "base"), str(base))) from error
    task = f"peft {_version()} cannot merge this {config.get('peft_type')} adapter into {base}"
    advice = f"is it the adapter's base? Else {_SAVE_MERGED}"
    tuned = load_adapter(model, place / "adapter", (adapter, task, advice))
    with doing(adapter, task, advice, ModelError):
        tuned.base_model.merge_adapter()
    found = {}
    for name, module in tuned.base_model.model.named_modules():
        if isinstance(module, BaseTunerLayer) and ".base_layer" not in name:
            for own, weight in module.get_base_layer().named_parameters(recurse=False):
                found[f"{name}.{own}"] = weight.detach()
    if not any(weight.ndim > 1 for weight in found.values()):
        raise ModelError(
            f"{adapter}: this {config.get('peft_type')} adapter changes no weight matrix of its "
            "base; there is no spectrum to inspect"
        )
    return found


def _check_redone(
    adapter: Path,
    config: Mapping[str, Any],
    first: Mapping[str, "torch.Tensor"],
    again: Mapping[str, "torch.Tensor"],
) -> None:
    """Check that loading again gave the same weights, whatever the state of the random numbers."""
    other = [name for name, weight in first.items() if not again[name].equal(weight)]
    if other:
        raise ModelError(
            f"{adapter}: peft draws a part of this {config.get('peft_type')} adapter anew at every "
            f"load ({len(other)} of {len(first)} weights differ, {other[0]} first), so that its "
            f"files do not say what was trained; {_SAVE_MERGED}"
        )
