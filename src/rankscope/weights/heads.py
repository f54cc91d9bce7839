"""From a head to what transformers and peft make of it: the one place that knows their words.

A model is a *body* (embeddings and layers: what transformers calls the base model) and a *head*:
the modules beside the body, and a body's own `pooler`, which stands behind the last layer and
serves no layer. A language model's head is the one its checkpoint has. A classifier's is never
taken from a base: it is drawn from a seed, so that two runs of one seed begin with one head,
whatever else the base's folder held; a pooler is drawn where the base has none.

    body                                    head
    BERT     bert (but for bert.pooler)     bert.pooler, classifier
    RoBERTa  roberta                        classifier (dense, out_proj)
    DeBERTa  deberta                        pooler, classifier
    Llama    model                          score, or lm_head
    GPT-2    transformer                    score, or lm_head (which is the embedding)

Guarantees: an adapter never adapts a classifier's head: it is trained whole and saved beside it
(peft's `modules_to_save`). No weight of a body is ever drawn at random. A body may be read under
another head than it was trained with (`steps`); heads do not travel. Not here: whether an
architecture suits a head, which `check.base` says and `causality` tries.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankscope.errors import ModelError
from rankscope.foreign import read_json_object
from rankscope.weights.loading import build_model, read_model
from rankscope.weights.text_head import text_head_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel

    from rankscope.records.heads import Head

CLASS_OF_TASK = {
    "CAUSAL_LM": "AutoModelForCausalLM",
    "SEQ_CLS": "AutoModelForSequenceClassification",
    "SEQ_2_SEQ_LM": "AutoModelForSeq2SeqLM",
    "TOKEN_CLS": "AutoModelForTokenClassification",
    "QUESTION_ANS": "AutoModelForQuestionAnswering",
    "FEATURE_EXTRACTION": "AutoModel",
}
"""The automatic class of each task of peft: also those that published adapters alone have."""
CAUSAL = CLASS_OF_TASK["CAUSAL_LM"]


@dataclass(frozen=True)
class _LibraryNames:
    """What transformers and peft call a head; peft has no task for masked language models."""

    auto_class: str
    task: str | None
    is_drawn: bool = False


_LIBRARY_NAMES = {
    "causal-lm": _LibraryNames(CAUSAL, "CAUSAL_LM"),
    "masked-lm": _LibraryNames("AutoModelForMaskedLM", None),
    "classifier": _LibraryNames(CLASS_OF_TASK["SEQ_CLS"], "SEQ_CLS", is_drawn=True),
}
_FALLBACK_SPREAD = 0.02  # of families whose configuration has none


def load(folder: Path, head: "Head", seed: int | None = 0, **options: Any) -> "PreTrainedModel":
    """Read the model of a base with `head`; `options` go to its `from_pretrained`.

    A classifier's head is drawn from `seed`: matrices from N(0, σ²) with the σ of the base's
    configuration (`initializer_range`), biases 0, norms 1. Without a seed all of it is 0, so that
    every label is as likely as another, whatever the text.

    Raises:
        ModelError: the folder has no such model, or lacks weights that it should have.
    """
    names = _LIBRARY_NAMES[head.kind]
    if not names.is_drawn:
        return with_all_weights(folder, *read_model(folder, names.auto_class, **options))
    # another head's matrix of the same name is of other labels, and is not taken anyhow
    from transformers.utils import logging as library_logging

    verbosity = library_logging.get_verbosity()
    library_logging.set_verbosity_error()  # it would list the heads, which is said here
    try:
        model, absent = read_model(
            folder, names.auto_class, labels_of(head), ignore_mismatched_sizes=True, **options
        )
    finally:
        library_logging.set_verbosity(verbosity)
    modules = head_modules(model)
    with_all_weights(folder, model, (name for name in absent if not _is_in(name, modules)))
    if seed is None:
        _set_to_zero(model, modules)
    else:
        _draw(model, [each for each in modules if _is_drawn(each, absent)], seed)
    # a decoder's classifier looks for the last token that does not pad
    model.config.get_text_config().pad_token_id = padding_of(model.config)
    return model


def load_trained(folder: Path, head: "Head", **options: Any) -> "PreTrainedModel":
    """Read a full checkpoint that was trained with `head`, its head included.

    Raises:
        ModelError: the folder has no such model, or lacks weights.
    """
    return with_all_weights(
        folder, *read_model(folder, _LIBRARY_NAMES[head.kind].auto_class, **options)
    )


def with_all_weights(
    folder: Path, model: "PreTrainedModel", absent: Iterable[str]
) -> "PreTrainedModel":
    """Refuse a model of which transformers drew weights at random; return it else.

    Raises:
        ModelError: some are in none of the folder's files.
    """
    missing = sorted(absent)
    if missing:
        raise ModelError(
            f"{folder}: {len(missing)} weights of a {type(model).__name__} are in none of its"
            f" files, such as {missing[0]}, and would be drawn at random; take the whole model,"
            " with its output head"
        )
    return model


def build(config: "PreTrainedConfig", head: "Head") -> "PreTrainedModel":
    """Build a model with `head` without its weights: see `loading.build_model`.

    Raises:
        ModelError: transformers knows no such model for the configuration.
    """
    for name, value in labels_of(head).items():
        setattr(config, name, value)
    return build_model(config, _LIBRARY_NAMES[head.kind].auto_class)


def labels_of(head: "Head") -> dict[str, Any]:
    """Return what a configuration says of a head's labels: nothing where it has none."""
    if not head.labels:
        return {}
    return {
        "id2label": dict(enumerate(head.labels)),
        "label2id": {label: number for number, label in enumerate(head.labels)},
        "problem_type": "single_label_classification",
    }


def padding_of(config: "PreTrainedConfig") -> int:
    """Return the token that pads texts of a batch: the model's own, or else the one that ends them.

    Raises:
        ModelError: the configuration names neither.
    """
    text = config.get_text_config()
    for given in (text.pad_token_id, text.eos_token_id):
        first = given[0] if isinstance(given, list | tuple) and given else given
        if isinstance(first, int) and first >= 0:  # old configurations say -1 for none
            return first
    raise ModelError(
        f"{config.name_or_path}: neither `pad_token_id` nor `eos_token_id` is in its"
        " config.json, so that texts of different length cannot share a batch; write one of"
        " them there"
    )


def head_modules(model: "PreTrainedModel") -> tuple[str, ...]:
    """Name the modules that are a model's head: those beside its body, and the body's pooler."""
    body = model.base_model_prefix
    if model.base_model is model:
        return ()
    beside = [
        name
        for name, module in model.named_children()
        if name != body and next(module.parameters(), None) is not None
    ]
    pooler = getattr(model.base_model, "pooler", None)
    return tuple(([f"{body}.pooler"] if pooler is not None else []) + beside)


def adapter_settings(model: "PreTrainedModel", head: "Head") -> dict[str, Any]:
    """Return what a `LoraConfig` needs to know of the head: its task, and what is not adapted.

    A classifier's head is saved whole. A language model's is the base's own: it stays as it is,
    and `all-linear` leaves its matrices alone, also those before the last.
    """
    names = _LIBRARY_NAMES[head.kind]
    modules = head_modules(model)
    if names.is_drawn:
        return {"task_type": names.task, "modules_to_save": list(modules)}
    settings: dict[str, Any] = {"task_type": names.task}
    last = model.get_output_embeddings()
    inner = [
        name
        for name, module in _linears(model)
        if _is_in(f"{name}.weight", modules) and module is not last
    ]
    return settings | ({"exclude_modules": sorted(inner)} if inner else {})


def task_of(head: "Head") -> str | None:
    """Return what peft calls the task of a model with `head`."""
    return _LIBRARY_NAMES[head.kind].task


def own_head(folder: Path) -> "Head":
    """Return the head that a model folder was saved with: a classifier, or else as `text_head`.

    Raises:
        ModelError: it has no readable `config.json`, or is a classifier without two labels.
    """
    config = read_json_object(folder / "config.json", ModelError)
    classes = config.get("architectures")
    name = str(classes[0]) if isinstance(classes, list) and classes else ""
    if name.endswith("ForSequenceClassification"):
        return _classifier(folder, config.get("id2label"))
    return text_head_of(config)


def _classifier(folder: Path, labels: Any) -> "Head":
    """Return the classifier whose configuration says `labels` by number, as text or not at all."""
    from rankscope.records.heads import Classifier

    given = {"0": "LABEL_0", "1": "LABEL_1"} if labels is None else labels
    numbers = [str(number) for number in range(len(given))] if isinstance(given, dict) else []
    if len(numbers) < 2 or set(numbers) != set(given):
        raise ModelError(
            f"{folder}: its config.json names a classifier whose `id2label` is {given!r}; allowed:"
            ' two or more labels numbered from 0, such as {"0": "no", "1": "yes"} (a model of'
            " one output is a regression)"
        )
    return Classifier(labels=tuple(str(given[number]) for number in numbers))


def carry_body(source: "PreTrainedModel", target: "PreTrainedModel") -> None:
    """Give `target` the body of `source`, and leave it its own head.

    Raises:
        ModelError: the two bodies are not of one architecture.
    """
    poolers = ("pooler",)
    tensors = {
        name: tensor
        for name, tensor in source.base_model.state_dict().items()
        if not _is_in(name, poolers)
    }
    lacking, unknown = target.base_model.load_state_dict(tensors, strict=False)
    wrong = [*unknown, *(name for name in lacking if not _is_in(name, poolers))]
    if wrong:
        raise ModelError(
            f"{target.config.name_or_path}: its body is not that of"
            f" {source.config.name_or_path}: they differ in {len(wrong)} weights, {wrong[0]} first"
        )


def _linears(model: "PreTrainedModel") -> Iterator[tuple[str, "torch.nn.Module"]]:
    """Yield what peft's `all-linear` may mean, by name."""
    import torch
    from transformers.pytorch_utils import Conv1D

    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear | Conv1D):
            yield name, module


def _is_in(weight: str, modules: Iterable[str]) -> bool:
    """Say whether a weight belongs to one of the modules."""
    return any(weight.startswith(f"{module}.") for module in modules)


def _is_drawn(module: str, absent: Iterable[str]) -> bool:
    """Say whether a module of a head is drawn anew: all but a pooler that the base has."""
    return "." not in module or any(_is_in(weight, [module]) for weight in absent)


def _set_to_zero(model: "PreTrainedModel", modules: Iterable[str]) -> None:
    """Set the weights of modules to 0."""
    for name in modules:
        for weight in model.get_submodule(name).parameters():
            weight.detach().zero_()


def _draw(model: "PreTrainedModel", modules: Iterable[str], seed: int) -> None:
    """Draw the weights of modules anew, in their order, whatever was drawn before."""
    import torch

    spread = getattr(model.config, "initializer_range", None) or _FALLBACK_SPREAD
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name in modules:
            for own, weight in model.get_submodule(name).named_parameters():
                if weight.ndim > 1:
                    drawn = torch.empty(weight.shape, dtype=torch.float32)
                    weight.copy_(drawn.normal_(std=spread, generator=draw))
                else:
                    weight.fill_(0.0 if own.endswith("bias") else 1.0)
