"""The share of the learning rate falls along half a cosine, to 0 or to a floor f.

share(t) = f + (1 - f) (1 + cos(π (t - w) / (T - w))) / 2
                              for t = w … T - 1 steps taken before, of T with w of warm-up
"""

from typing import Any

from rankscope.records.schedules import Cosine


def arguments(schedule: Cosine) -> dict[str, Any]:
    """Return what `TrainingArguments` says of it."""
    if schedule.floor == 0:
        return {"lr_scheduler_type": "cosine"}
    return {
        "lr_scheduler_type": "cosine_with_min_lr",
        "lr_scheduler_kwargs": {"min_lr_rate": schedule.floor},
    }
