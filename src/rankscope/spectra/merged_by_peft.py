"""Adapters that are no plain LoRA, merged into their base by peft itself.

Guarantees: whatever peft can load and merge (IA³, LoHa, LoKr, AdaLoRA, VeRA, OFT, PiSSA, …) becomes
a full float32 checkpoint that is read like any other; the base is loaded in float32 first, so that
nothing is lost to half precision. Needs transformers and peft, and memory for the whole model,
which plain LoRA does not. Methods that change no weight (prompts, prefixes) are refused.
"""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rankscope.errors import ModelError
from rankscope.spectra.adapter_config import is_plain_lora
from rankscope.spectra.sources import Source
from rankscope.spectra.tensor_files import read_config

logger = logging.getLogger(__name__)

_BY_TASK = {
    "CAUSAL_LM": "AutoModelForCausalLM",
    "SEQ_CLS": "AutoModelForSequenceClassification",
    "SEQ_2_SEQ_LM": "AutoModelForSeq2SeqLM",
    "TOKEN_CLS": "AutoModelForTokenClassification",
    "QUESTION_ANS": "AutoModelForQuestionAnswering",
    "FEATURE_EXTRACTION": "AutoModel",
}


@contextmanager
def readable(sources: Sequence[Source], base: Path) -> Iterator[list[Source]]:
    """Give the sources with every adapter that is no plain LoRA replaced by its merged model.

    Raises:
        ModelError: peft cannot load or merge an adapter.
    """
    with tempfile.TemporaryDirectory(prefix="rankscope-merged-") as folder:
        prepared = []
        for number, source in enumerate(sources):
            config = _adapter_config(source.folder)
            if config is None or is_plain_lora(config):
                prepared.append(source)
                continue
            merged = Path(folder) / str(number)
            logger.info("%s: %s, merged by peft first", source.label, config.get("peft_type"))
            merge(source.folder, config, base, merged)
            prepared.append(Source(source.label, merged))
        yield prepared


def _adapter_config(folder: Path) -> dict[str, Any] | None:
    path = folder / "adapter_config.json"
    return read_config(path) if path.is_file() else None


def merge(adapter: Path, config: dict[str, Any], base: Path, out: Path) -> None:
    """Write base + adapter as a float32 checkpoint to `out`.

    Raises:
        ModelError: the adapter changes no weights, or peft cannot load or merge it.
    """
    import torch
    import transformers
    from peft import PeftModel

    name = _BY_TASK.get(str(config.get("task_type")))
    if name is None:
        named = read_config(base / "config.json").get("architectures") or []
        name = next(iter(named), "AutoModel")
    try:
        model = getattr(transformers, name).from_pretrained(base, dtype=torch.float32)
        tuned = PeftModel.from_pretrained(model, str(adapter))
        if not hasattr(tuned.base_model, "merge_and_unload"):
            raise ModelError(
                f"{adapter}: a {config.get('peft_type')} adapter changes no weight of its base; "
                "there is no spectrum to inspect"
            )
        tuned.merge_and_unload().save_pretrained(out)
    except (
        AttributeError, ImportError, KeyError, OSError, RuntimeError, TypeError, ValueError
    ) as error:  # fmt: skip
        raise ModelError(
            f"{adapter}: peft cannot merge this {config.get('peft_type')} adapter into {base}: "
            f"{error}"
        ) from error
