"""A study over made tasks and a random base, for the tests of instruction tuning."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from rankscope.check.check import checked, notes
from rankscope.errors import StudyError

STUDY: dict[str, Any] = {
    "study": "instructions",
    "title": "Instruction tuning in seconds",
    "data": {
        "tasks": {"source": "made-tasks", "instances_per_task": 40},
        "T6": {
            "source": "mixture", "tasks": "tasks", "size": 6, "examples_per_task": 8,
            "test_examples_per_task": 3, "answer_tokens": 40,
        },
        "T12": {
            "source": "mixture", "tasks": "tasks", "size": 12, "nested": [6],
            "examples_per_task": 8, "test_examples_per_task": 3, "answer_tokens": 40,
        },
        "seen": {
            "source": "test-set", "kind": "intra", "tasks": "tasks", "tasks_tested": 6,
            "examples_per_task": 3,
        },
        "unseen": {
            "source": "test-set", "kind": "inter", "tasks": "tasks", "examples_per_task": 3,
        },
    },
    "base": {"source": "local", "path": "base"},
    "train_on": ["T6", "T12"],
    "seeds": [0, 1],
    "recipe": {"epochs": 1, "batch_size": 12, "sequence_length": 440, "keep": [1.0]},
    "grid": [
        {"method": "full", "learning_rate": 1.0e-3},
        {"method": "lora", "rank": [2], "learning_rate": 1.0e-2},
    ],
    "evaluate": {
        "answers": [
            {
                "name": name, "kind": "generate", "measures": "learning", "data": name,
                "prompt_tokens": 400, "answer_tokens": 12,
            }
            for name in ("seen", "unseen")
        ]
    },
}  # fmt: skip


def written(data: dict[str, dict[str, Any]] | None = None, **changes: Any) -> Path:
    """The study with keys of its variants changed (or variants added), and other sections."""
    study = copy.deepcopy(STUDY) | changes
    for label, keys in (data or {}).items():
        study["data"][label] = study["data"].get(label, {}) | keys
    path = Path("instructions.yaml")
    path.write_text(yaml.safe_dump(study, sort_keys=False), "utf-8")
    return path


def refused(data: dict[str, dict[str, Any]] | None = None, **changes: Any) -> str:
    with pytest.raises(StudyError) as error:
        checked(written(data, **changes))
    return str(error.value)


def noted(data: dict[str, dict[str, Any]] | None = None, **changes: Any) -> list[str]:
    return notes(checked(written(data, **changes)))
