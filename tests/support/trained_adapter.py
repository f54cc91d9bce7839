"""A real model, the LoRA that was trained on it in seconds, and the verbs that look into them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rankscope.cli import app
from rankscope.errors import RankscopeError

DATA = os.environ.get("RANKSCOPE_DATA")
NEEDS_DATA = pytest.mark.skipif(
    DATA is None, reason="RANKSCOPE_DATA is unset: it names the folder with models/stories260k"
)
BASE = Path(DATA or ".") / "models" / "stories260k"


def load(folder: Path = BASE) -> Any:
    """A causal language model, in float32 and evaluation mode."""
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def logits(model: Any) -> Any:
    """What a model says after each of 59 tokens."""
    import torch

    with torch.no_grad():
        return model(torch.arange(1, 60).reshape(1, -1)).logits


def train_adapter(folder: Path) -> None:
    """Train LoRA on a few repeated sequences, hard enough to make intruders; keep it merged too."""
    import peft
    import torch

    torch.manual_seed(0)
    config = peft.LoraConfig(r=4, lora_alpha=8, target_modules="all-linear")
    model = peft.get_peft_model(load(), config)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-2)
    tokens = torch.randint(3, 500, (4, 48))
    for _ in range(25):
        model(tokens, labels=tokens).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval().save_pretrained(folder / "adapter")
    torch.save(logits(model), folder / "logits.pt")
    model.merge_and_unload().save_pretrained(folder / "merged")


def run(*arguments: object) -> str:
    """Run a verb and return its output; an error of ours is raised."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def oracle(adapter_folder: Path) -> Iterator[tuple[str, Any, Any]]:
    """Every matrix by name, before and after, as peft merges it."""
    import peft

    merged = peft.PeftModel.from_pretrained(load(), adapter_folder).merge_and_unload()
    base = load().state_dict()
    for name, weight in merged.state_dict().items():
        if name.endswith("_proj.weight"):
            before, after = base[name].double().numpy(), weight.double().numpy()
            yield name.removesuffix(".weight"), before, after


def refused(*arguments: object, match: str) -> None:
    """Run a verb that must end in an error of ours."""
    with pytest.raises(RankscopeError, match=match):
        run(*arguments)
