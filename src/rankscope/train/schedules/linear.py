"""The share of the learning rate falls in a straight line.

share(t) = (T - t) / (T - w)    for t = w … T - 1 steps taken before, of T with w of warm-up
"""

from typing import Any

from rankscope.records.schedules import Linear


def arguments(schedule: Linear) -> dict[str, Any]:
    """Return what `TrainingArguments` says of it."""
    del schedule
    return {"lr_scheduler_type": "linear"}
