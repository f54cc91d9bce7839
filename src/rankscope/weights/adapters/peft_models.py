"""Models of transformers as an adapter was trained on them, for peft to load the adapter into.

Guarantees: the class is the one that the adapter names, or that of its task; a head has as many
labels as the adapter's own; no code of a folder runs (`loading`). Needs transformers and peft.
"""

import re
import tempfile
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankscope.artefacts.files import write_json
from rankscope.errors import ModelError
from rankscope.foreign import doing
from rankscope.weights.adapters.adapter_config import read_adapter_config
from rankscope.weights.heads import CLASS_OF_TASK
from rankscope.weights.loading import build_model, read_config
from rankscope.weights.matrices import Model
from rankscope.weights.tensor_files import StoredTensor, list_tensors

if TYPE_CHECKING:
    from peft import PeftModel

_LOST = "missing adapter keys"  # what peft's warning says
_LONGEST = 400  # letters of it
# heads end in a matrix of labels × features
_LABELS = re.compile(r"(?:^|\.)(?:classifier|score|out_proj|logits_proj|qa_outputs)\.weight$")


def is_installed() -> bool:
    """Say whether there is a peft to ask."""
    return all(find_spec(name) is not None for name in ("torch", "transformers", "peft"))


def class_of(adapter: Mapping[str, Any], base: Mapping[str, Any]) -> str:
    """Name the class of model that an adapter was trained on, as far as it says so."""
    import transformers

    mapping = adapter.get("auto_mapping")
    named = mapping.get("base_model_class") if isinstance(mapping, dict) else None
    if isinstance(named, str) and hasattr(transformers, named):
        return named
    saved = base.get("architectures")
    saved = saved[0] if isinstance(saved, list) and saved else "AutoModel"
    return CLASS_OF_TASK.get(str(adapter.get("task_type")), str(saved))


def base_config(base: Mapping[str, Any], adapter: Mapping[str, StoredTensor]) -> dict[str, Any]:
    """Return the base's `config.json`, not quantised, with the labels of the adapter's own head."""
    config = {name: value for name, value in base.items() if name != "quantization_config"}
    labels = [stored.shape[0] for name, stored in adapter.items() if _LABELS.search(name)]
    if labels:
        config.pop("label2id", None)
        config["id2label"] = {str(label): f"LABEL_{label}" for label in range(labels[-1])}
        config["num_labels"] = labels[-1]
    return config


def check_loads(folder: Path, base: Model, named: Path) -> None:
    """Have peft load the adapter in `folder` into a base without weights.

    Raises:
        ModelError: peft does not load it; the message names the folder as `named`.
    """
    import torch

    adapter = read_adapter_config(folder) or {}
    kind = class_of(adapter, base.config)
    with tempfile.TemporaryDirectory(prefix="rankscope-base-") as temporary:
        place = Path(temporary)
        tensors = list_tensors(folder, "adapter_model")
        write_json(place / "config.json", base_config(base.config, tensors))
        try:
            with torch.device("meta"):
                model = build_model(read_config(place), kind)
        except ModelError as error:
            raise ModelError(str(error).replace(temporary, str(base.folder))) from error
    advice = "nothing was written; repair it as a merged model instead (--merged)"
    saying = named, "peft does not load what was to be written", advice
    load_adapter(model, folder, saying, low_cpu_mem_usage=True)


def load_adapter(
    model: Any, folder: Path, saying: tuple[Path, str, str], **options: Any
) -> "PeftModel":
    """Have peft put the adapter in `folder` around a model, all of it.

    `saying` is the folder, the task and the advice of the message (`foreign.doing`).

    Raises:
        ModelError: peft does not load it, or finds no tensor for a part of it, which it would
            leave as it began.
    """
    from peft import PeftModel

    named, task, advice = saying
    with doing(named, task, advice, ModelError), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        tuned = PeftModel.from_pretrained(model, str(folder), **options)
    lost = next((str(each.message) for each in said if _LOST in str(each.message)), None)
    if lost is not None:
        raise ModelError(
            f"{named}: {task}: its tensors are missing, or have names that peft does not look for:"
            f" {lost if len(lost) <= _LONGEST else lost[:_LONGEST] + ' …'}; {advice}"
        )
    return tuned
