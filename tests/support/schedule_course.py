"""The course of the learning rate that transformers makes of a schedule's arguments."""

from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainingArguments

RATE = 0.5


def course(arguments: dict[str, Any], steps: int, warmup: int, folder: Path) -> list[float]:
    """Share of the full learning rate at every step of a run, as the `Trainer` sets it."""
    given = TrainingArguments(
        output_dir=str(folder), learning_rate=RATE, warmup_steps=warmup, report_to="none",
        **arguments,
    )  # fmt: skip
    trainer = Trainer(model=torch.nn.Linear(1, 1), args=given)
    trainer.create_optimizer_and_scheduler(steps)
    shares = []
    for _ in range(steps):
        shares.append(trainer.optimizer.param_groups[0]["lr"] / RATE)
        trainer.optimizer.step()
        trainer.lr_scheduler.step()
    return shares
