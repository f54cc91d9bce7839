"""The model of one step: the base, the base with an adapter merged into it, or a full checkpoint.

Guarantees: every step starts from freshly read weights, so nothing of one step reaches the next;
an adapter is added in float32 (an update of a few low ranks is below the resolution of bfloat16);
an adapter that does not fit the base tensor by tensor is refused, where peft only warns. A base
that is stored quantised is brought back to float32 before the adapter is added: these are the
weights it was trained on, and merging into packed ones would round the update away.

A step that was trained under another head than is asked for gives its body alone: the head is the
base's own, as it was before training. What a classifier's training did to the likelihood of text
is measured so. A base was trained as no classifier of any labels: as one it has a head of zeros,
which gives each label the same probability. So every run that trains one begins, but for the small
numbers that its head is drawn from.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankscope.errors import ModelError
from rankscope.foreign import check_regular, reading
from rankscope.weights.adapters.adapter_config import ADAPTER_CONFIG, read_adapter_config
from rankscope.weights.heads import (
    carry_body,
    head_modules,
    load,
    load_trained,
    own_head,
    task_of,
)

if TYPE_CHECKING:
    from rankscope.records.heads import Head

_PREFIX = "base_model.model."


def load_step(base: Path, step: Path | None, head: "Head") -> Any:
    """Return the model of a step in float32, ready for inference.

    `step` is a folder with a peft adapter or a full checkpoint in the Hugging Face layout; None
    stands for the base. The model lies on the GPU where there is one.

    Raises:
        ModelError: a folder is missing or unreadable, the adapter does not fit the base, or a
            classifier is asked of a step that was trained under another head.
    """
    import torch

    if step is None:
        model = _load_model(base, head)
    elif (step / ADAPTER_CONFIG).exists():
        model = _merge(base, step, head)
    else:
        model = _checkpoint(base, step, head)
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def _load_model(folder: Path, head: "Head") -> Any:
    import torch

    return _in_float32(load(folder, head, seed=None, dtype=torch.float32), folder)


def _in_float32(model: Any, folder: Path) -> Any:
    """Return a model as it was read, its layers ordinary ones if they are stored in 4 bits."""
    if getattr(model, "is_loaded_in_4bit", False):
        from rankscope.weights.four_bit import dequantised

        return dequantised(model, folder)
    return model


def _refuse_drawn(folder: Path, head: "Head", trained_as: str) -> None:
    """Refuse to draw a classifier's head where a trained one was meant.

    Raises:
        ModelError: no base brings the head along.
    """
    if not head.lent_by_base:
        raise ModelError(
            f"{folder}: it was trained as a {trained_as}, and a {head.title} is asked for; train it"
            " on text with these labels, in this order"
        )


def refuse_unnamed_labels(version: Path, head: "Head") -> None:
    """Refuse to ask an adapter of others for labels: peft does not write which output is which.

    Raises:
        ModelError: `version` is an adapter, and no base brings the head along.
    """
    if not head.lent_by_base and (version / ADAPTER_CONFIG).exists():
        raise ModelError(
            f"{version}: an adapter does not say which of its outputs is which label; merge it into"
            " its base and save the whole model, with `id2label` in its config.json"
        )


def carried(base: Path, step: Path, head: "Head") -> Any:
    """Return the base as it was saved, its own head included, with the body of a step.

    `head` is what the step was trained with. In float32.

    Raises:
        ModelError: as `load_step`.
    """
    import torch

    own = own_head(base)
    if own.lent_by_base:
        return load_step(base, step, own)
    model = _in_float32(load_trained(base, own, dtype=torch.float32), base)
    carry_body(load_step(base, step, head).cpu(), model)
    return model


def _checkpoint(base: Path, step: Path, head: "Head") -> Any:
    """Read a full checkpoint; under another head than its own, its body with the base's."""
    import torch

    own = own_head(step)
    if own == head:
        return load_trained(step, head, dtype=torch.float32)
    _refuse_drawn(step, head, own.title)
    model = _load_model(base, head)
    carry_body(load_trained(step, own, dtype=torch.float32), model)
    return model


def _refuse_other_outputs(adapter: Path, model: Any, head: "Head") -> None:
    """Compare the head that is saved beside an adapter with the labels.

    Raises:
        ModelError: it has other numbers of outputs.
    """
    from safetensors import safe_open

    modules = head_modules(model)
    expected = {
        f"{_PREFIX}{name}": weight.shape[0]
        for name, weight in model.named_parameters()
        if name.startswith(tuple(f"{module}." for module in modules))
    }
    with (
        reading(adapter, "this adapter", "train the run again", ModelError),
        safe_open(adapter / "adapter_model.safetensors", "pt") as file,
    ):
        for name in expected.keys() & set(file.keys()):
            rows = file.get_slice(name).get_shape()[0]
            if rows != expected[name]:
                raise ModelError(
                    f"{adapter}: {name} has {rows} rows, and a {head.title} has {expected[name]};"
                    " ask for the labels that it was trained on"
                )


def _merge(base: Path, adapter: Path, head: "Head") -> Any:
    """Add the adapter's update to the weights of the base: W + (alpha / r) B A."""
    from peft import PeftConfig, PeftModel, get_peft_model_state_dict
    from safetensors import safe_open

    # without it peft would open a pickle
    check_regular(adapter / "adapter_model.safetensors", ModelError)
    task = (read_adapter_config(adapter) or {}).get("task_type")
    is_own = task == task_of(head)
    if not is_own:
        _refuse_drawn(adapter, head, f"model of the task {task}")
    model = _load_model(base, head)
    if is_own:
        _refuse_other_outputs(adapter, model, head)
    with reading(adapter, "this adapter", "train the run again", ModelError):
        config = PeftConfig.from_pretrained(str(adapter))
        if not is_own:
            config.task_type, config.modules_to_save = task_of(head), None
        with_adapter = PeftModel.from_pretrained(model, str(adapter), config=config)
    expected = set(get_peft_model_state_dict(with_adapter))
    with safe_open(adapter / "adapter_model.safetensors", "pt") as file:
        stored = set(file.keys())
    if not is_own:
        body = f"{_PREFIX}{model.base_model_prefix}."
        stored = {name for name in stored if name.startswith(body) and ".pooler." not in name}
    if expected != stored:
        example = sorted(expected ^ stored)[0]
        raise ModelError(
            f"{adapter}: the adapter does not fit the base: {len(stored - expected)} of its"
            f" tensors have no place, {len(expected - stored)} places stay empty, such as"
            f" {example}; was it trained on another base?"
        )
    return with_adapter.merge_and_unload()
