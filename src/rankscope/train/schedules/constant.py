"""The learning rate stays at its full value, once it has warmed up: share(t) = 1 from t = w."""

from typing import Any

from rankscope.records.schedules import Constant


def arguments(schedule: Constant) -> dict[str, Any]:
    """Return what `TrainingArguments` says of it."""
    del schedule
    return {"lr_scheduler_type": "constant_with_warmup"}
